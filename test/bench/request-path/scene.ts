import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pin } from '../machine.ts';
import type { Contender } from './round.ts';
import { atOneHome, visitForTheFirstTime } from './sessions.ts';
import { startTargets, type Target } from './targets.ts';

export interface Scene {
  readonly contenders: readonly Contender[];
  /** Every process of the bench, this one included. */
  readonly processes: readonly number[];
  readonly pinned: boolean;
  close(): void;
}

/** workerd has a CPU for itself; the origin and this process, which makes the load, share another one. */
const cpus = { workerd: 0, rest: 1 };

export async function setScene(): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-bench-'));
  const origin = spawn(process.execPath, [fileURLToPath(new URL('./origin.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => {
    origin.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const targets = await startTargets(folder, `http://127.0.0.1:${await portOf(origin)}`);
  const close = () => {
    for (const target of targets) target.stop();
    origin.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const rest = [origin.pid ?? 0, process.pid];
  const pins = [
    ...targets.map(({ pid }) => pin(pid, cpus.workerd)),
    ...rest.map((pid) => pin(pid, cpus.rest)),
  ];
  return {
    contenders: await contendersOf(targets),
    processes: [...targets.map(({ pid }) => pid), ...rest],
    pinned: pins.every((one) => one === 'pinned'),
    close,
  };
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('Cannot hear the origin');
  const [port] = await once(stdout, 'data');
  return Number(String(port));
}

/** Cookies cannot be told apart by length: a bare Worker gets those of the others. */
async function contendersOf(targets: readonly Target[]): Promise<Contender[]> {
  const visited = await Promise.all(
    targets.map(async (target) => ({
      target,
      sessions: target.sticks ? await visitForTheFirstTime(target) : [],
    })),
  );
  const some = visited.find(({ sessions }) => sessions.length > 0)?.sessions ?? [];
  return visited.map(({ target, sessions }) => ({
    target,
    sessions: target.sticks ? sessions : atOneHome(some),
  }));
}
