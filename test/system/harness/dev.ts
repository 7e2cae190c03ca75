import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from '../../../worker/config/input.ts';
import { type Child, startChild } from './child.ts';
import { freePorts } from './ports.ts';
import { secrets } from './secrets.ts';

/** The real `limpet dev`, in front of a configuration of the test's own. */
export interface Dev {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  output(): string;
  /** Ends it and starts it again on the same port and data, with other secrets if wanted. */
  restart(other?: Readonly<Record<string, string>>): Promise<void>;
  end(): Promise<void>;
}

export async function startDev(
  config: ConfigInput,
  more: readonly string[] = [],
  others: Readonly<Record<string, string>> = {},
): Promise<Dev> {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-system-'));
  const file = join(folder, 'limpet.config.ts');
  const text = `import { defineConfig } from 'limpet';\nexport default defineConfig(${JSON.stringify(config)});\n`;
  writeFileSync(file, text);
  const [port = 0] = await freePorts(1);
  const words = ['dev', '--config', file, '--port', String(port), '--persist', join(folder, 'data'), ...more];
  const launch = (env: Readonly<Record<string, string>>) => startChild('cli/bin.mjs', words, env, 'Ready on');
  let child: Child = await launch({ ...secrets, ...others });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid;
    },
    output: () => child.output(),
    async restart(other = {}) {
      await child.end('SIGTERM');
      child = await launch({ ...secrets, ...others, ...other });
    },
    async end() {
      await child.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
