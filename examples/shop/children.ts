// The processes that this program started, so that it ends them, and only them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Child {
  readonly pid: number;
  isRunning(): boolean;
}

export interface End {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const children = new Set<ChildProcess>();
let ending = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => endAll(0));
process.on('exit', () => killAll('SIGKILL'));

/** Starts a Node program and returns when a line of its stdout matches `ready`. */
export async function startChild(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  ready: RegExp,
  ended: (end: End) => void,
): Promise<Child> {
  // A group of its own: the terminal's Ctrl-C comes here only. The channel lets it see when this program is gone.
  const child = spawn(process.execPath, words, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  await firstLine(child, ready);
  const pid = child.pid ?? 0;
  child.once('exit', (code, signal) => {
    if (!ending) ended({ pid, code, signal });
  });
  return { pid, isRunning: () => children.has(child) };
}

async function firstLine(child: ChildProcess, ready: RegExp): Promise<void> {
  const seen = new Promise<void>((done) => {
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      if (ready.test(line)) done();
    });
  });
  const gone = once(child, 'exit').then(() => {
    throw new Error('Nothing is started: a part of it ended at once, see above.');
  });
  await Promise.race([seen, gone]);
}

/** Ends what is left, then this program. A process frozen by SIGSTOP hears the first signal after the second. */
export function endAll(code: number): void {
  if (ending) return;
  ending = true;
  killAll('SIGTERM');
  killAll('SIGCONT');
  const patience = setTimeout(() => process.exit(code), patienceMs);
  void Promise.all([...children].map((child) => once(child, 'exit'))).then(() => {
    clearTimeout(patience);
    process.exit(code);
  });
}

const patienceMs = 1500;

function killAll(signal: NodeJS.Signals): void {
  for (const child of children) child.kill(signal);
}
