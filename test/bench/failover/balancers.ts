import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { delimiter, join } from 'node:path';
import type { AttemptsInput } from '../../../worker/config/input.ts';
import { freePorts } from '../../system/harness/ports.ts';
import { startServe } from '../../system/harness/serve.ts';
import { until } from '../../system/harness/until.ts';
import { haproxyDefault, haproxyTuned } from './haproxy.ts';
import { nginxDefault, nginxTuned } from './nginx.ts';
import { originIds } from './origins.ts';

export interface Balancer {
  readonly url: string;
  end(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** What must be installed for it. */
  readonly program: string;
  /** How its origins keep sessions. */
  readonly sessions: 'limpet' | 'plain';
  start(folder: string, ports: readonly number[]): Promise<Balancer>;
}

export type ConfigOf = (folder: string, port: number, origins: readonly number[]) => string;

const haproxy: Program = { program: 'haproxy', words: (file) => ['-f', file] };
const nginx: Program = { program: 'nginx', words: (file) => ['-c', file, '-e', 'stderr'] };

export const contenders: readonly Contender[] = [
  limpetWith({}),
  peer('haproxy, tuned', haproxy, haproxyTuned),
  peer('haproxy, as it comes', haproxy, haproxyDefault),
  peer('nginx, tuned', nginx, nginxTuned),
  peer('nginx, as it comes', nginx, nginxDefault),
];

/** As it comes, but for what plain http on this machine needs, and what is asked for. */
export function limpetWith(attempts: AttemptsInput): Contender {
  return {
    name: 'limpet',
    program: '',
    sessions: 'limpet',
    async start(_folder, ports) {
      const origins = originIds.map((id, at) => ({ id, url: `http://127.0.0.1:${ports[at]}` }));
      const shop = { origins, health: { path: '/health' }, cookie: { secure: false }, attempts };
      const { url, end } = await startServe({ pools: { shop }, routes: [{ match: '/*', pool: 'shop' }] });
      return { url, end };
    },
  };
}

interface Program {
  readonly program: string;
  words(file: string): string[];
}

function peer(name: string, how: Program, configOf: ConfigOf): Contender {
  return {
    name,
    program: how.program,
    sessions: 'plain',
    async start(folder, ports) {
      const [port = 0] = await freePorts(1);
      const file = join(folder, `${how.program}.conf`);
      writeFileSync(file, configOf(folder, port, ports));
      const end = await startProgram(how.program, how.words(file), () => accepts(port));
      return { url: `http://127.0.0.1:${port}`, end };
    },
  };
}

// Debian keeps servers where a user's PATH does not lead.
const path = `${process.env['PATH']}${delimiter}/usr/sbin${delimiter}/usr/local/sbin`;

export function isInstalled(program: string): boolean {
  return path.split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** Starts it and waits until it is ready. Returns what ends it. */
async function startProgram(
  program: string,
  words: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<() => Promise<void>> {
  const child = spawn(program, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: path },
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  child.once('error', (error) => (said += error.message));
  await until(`${program} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${program} ended before it was ready:\n${said}`);
    return isReady();
  });
  return async () => {
    const gone = once(child, 'exit');
    process.off('exit', kill);
    // Not SIGKILL: nginx has a worker that would stay.
    child.kill('SIGTERM');
    await gone;
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
