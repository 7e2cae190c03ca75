import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from '../../../worker/config/input.ts';
import { descendants } from '../cli/command.ts';
import { startChild } from './child.ts';
import { freePorts } from './ports.ts';
import { secrets } from './secrets.ts';
import { until } from './until.ts';

/** The real `limpet serve`, in front of a configuration of the test's own. */
export interface Served {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Its configuration, and below it its data. */
  readonly folder: string;
  output(): string;
  /** The process that serves, now. */
  workerd(): number;
  /** The socket on which the command tells the Worker the time. */
  controlSocket(): string;
  /** Ends it as said and starts it again on the same port and data. */
  restart(how: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  end(): Promise<void>;
}

export async function startServe(config: ConfigInput, more: readonly string[] = []): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-served-'));
  const file = join(folder, 'limpet.config.ts');
  writeFileSync(file, `export default ${JSON.stringify(config)};\n`);
  const [port = 0] = await freePorts(1);
  const words = ['serve', '--config', file, '--port', String(port), ...more];
  const launch = () => startChild('cli/bin.mjs', words, { ...secrets, TMPDIR: folder }, 'Ready on');
  let child = await launch();
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    folder,
    get pid() {
      return child.pid;
    },
    output: () => child.output(),
    workerd: () => descendants(child.pid).find(isWorkerd) ?? Number.NaN,
    controlSocket() {
      const [run = ''] = readdirSync(folder).filter((name) => name.startsWith('limpet-serve-'));
      return join(folder, run, 'control.sock');
    },
    async restart(how) {
      await child.end(how);
      await until('nobody listens there', () =>
        fetch(`http://127.0.0.1:${port}`).then(
          () => false,
          () => true,
        ),
      );
      child = await launch();
    },
    async end() {
      await child.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isWorkerd(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'workerd';
}
