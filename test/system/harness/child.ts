import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from './until.ts';

/** A process of a test: Node on one script. It ends with the test's own process, whatever happens to that. */
export interface Child {
  readonly pid: number;
  /** Everything that it has said so far, both streams. */
  output(): string;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** Ends it and waits until it is gone. */
  end(how?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** Starts a script and waits until it has said `ready`. */
export async function startChild(
  script: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  ready: string,
): Promise<Child> {
  const child = spawn(process.execPath, ['--no-warnings', script, ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said: string[] = [];
  child.stdout?.on('data', (chunk) => said.push(String(chunk)));
  child.stderr?.on('data', (chunk) => said.push(String(chunk)));
  const output = () => said.join('');
  await until(`${script} says "${ready}"`, () => {
    if (hasEnded(child)) throw new Error(`${script} ended before it was ready:\n${output()}`);
    return output().includes(ready);
  });
  return {
    pid: child.pid ?? 0,
    output,
    signal: (name) => void child.kill(name),
    async end(how = 'SIGKILL') {
      if (hasEnded(child)) return;
      const gone = once(child, 'exit');
      child.kill(how);
      await gone;
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
