import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { CommandFailure } from '../failure.ts';
import { sayLogLine } from './log-line.ts';
import { controlSocket } from './workerd-config.ts';

/** One run of workerd. */
export interface Runtime {
  readonly pid: number;
  /** Resolves with true when it listens, with false when it has ended before. */
  readonly ready: Promise<boolean>;
  /** How it ended, as a person would say it. */
  readonly ended: Promise<string>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

/** Starts workerd on the configuration in `folder`. It ends with this process, however this process ends. */
export function startRuntime(folder: string, env: NodeJS.ProcessEnv): Runtime {
  const words = ['serve', '--control-fd=3', 'config.capnp'];
  // One that was killed leaves its socket, and the next one could not listen there.
  rmSync(join(folder, controlSocket), { force: true });
  // Detached: Ctrl-C in a terminal goes to the whole group, and workerd is to end in good order.
  const child = spawn(workerdPath(), words, {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const ended = endOf(child);
  const letGo = child.pid === undefined ? () => undefined : endWithMe(child.pid);
  void ended.then(letGo);
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface(stream).on('line', sayLogLine);
  return {
    pid: child.pid ?? 0,
    ready: Promise.race([listening(child), ended.then(() => false)]),
    ended,
    signal: (name) => void child.kill(name),
  };
}

/** The package finds the program for this system, or says which one it misses. */
function workerdPath(): string {
  try {
    const workerd: { default: string } = createRequire(import.meta.url)('workerd');
    return workerd.default;
  } catch (error) {
    throw new CommandFailure(
      `Cannot find workerd: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with ${code}` : `was ended by ${signal}`),
    );
  });
}

/** It says each socket's port; the last one of the configuration is the last one that it opens. */
function listening(child: ChildProcess): Promise<true> {
  const control = child.stdio[3];
  return new Promise((resolve) => {
    if (!(control instanceof Readable)) return;
    createInterface(control).on('line', (line) => {
      const said: { event?: string; socket?: string } = JSON.parse(line);
      if (said.event === 'listen' && said.socket === 'control') resolve(true);
    });
  });
}

/** A shell that waits for the end of its input, which comes with this process's end, SIGKILL included. Returns what lets workerd go. */
function endWithMe(pid: number): () => void {
  const watcher = spawn('/bin/sh', ['-c', 'read _ || kill -9 "$0"', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  return () => void watcher.stdin.end('\n');
}
