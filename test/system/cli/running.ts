import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { until } from '../harness/until.ts';

/** A process of one test, which ends with the test. */
export interface Running {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  type(line: string): void;
  /** Waits for its end. */
  ended(): Promise<number | null>;
  /** Lets go of it, as if this process had died. */
  leave(): void;
}

/** Starts a script with this Node, and waits until it says `ready` on stdout. */
export async function start(
  script: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: string,
): Promise<Running> {
  const child = spawn(process.execPath, ['--no-warnings', script, ...words], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => void (said.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => void (said.stderr += String(chunk)));
  const end = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await end;
  });
  await until(`${script} says "${ready}"`, () => {
    if (child.exitCode !== null)
      throw new Error(`${script} ended before it was ready:\n${said.stdout}${said.stderr}`);
    return said.stdout.includes(ready);
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    type: (line) => void child.stdin?.write(`${line}\n`),
    ended: async () => (await end, child.exitCode),
    leave: () => child.disconnect(),
  };
}
