import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlSocket, modules } from './workerd-config.ts';

/** What workerd reads, and the socket on which it hears of the time: a folder that only this user can enter. */
export interface RunFolder {
  readonly path: string;
  /** Runs the Worker's `scheduled`, as the cron trigger of a deployed Worker does. */
  tick(): Promise<void>;
  remove(): void;
}

export function makeRunFolder(parts: { entry: string; config: string; workerd: string }): RunFolder {
  const path = mkdtempSync(join(tmpdir(), 'limpet-serve-'));
  writeFileSync(join(path, modules.entry), parts.entry);
  writeFileSync(join(path, modules.config), parts.config);
  writeFileSync(join(path, 'config.capnp'), parts.workerd);
  return {
    path,
    tick: () => tick(join(path, controlSocket)),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

const tickPatienceMs = 30_000;

function tick(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, method: 'POST', path: '/', signal: AbortSignal.timeout(tickPatienceMs) },
      (response) => {
        response.resume();
        response.once('end', () =>
          response.statusCode === 204
            ? resolve()
            : reject(new Error(`it answered with ${response.statusCode}`)),
        );
      },
    );
    asked.once('error', reject).end();
  });
}
