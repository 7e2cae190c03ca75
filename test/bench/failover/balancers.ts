import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'node:net';
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
  /** How its origins keep sessions. */
  readonly sessions: 'limpet' | 'plain';
  start(folder: string, ports: readonly number[]): Promise<Balancer>;
}

export type ConfigOf = (folder: string, port: number, origins: readonly number[]) => string;

const haproxy = { program: 'haproxy', words: (file: string) => ['-f', file] };
const nginx = { program: 'nginx', words: (file: string) => ['-c', file, '-e', 'stderr'] };

export const contenders: readonly Contender[] = [
  { name: 'limpet', sessions: 'limpet', start: startLimpet },
  peer('haproxy, tuned', haproxy, haproxyTuned),
  peer('haproxy, as it comes', haproxy, haproxyDefault),
  peer('nginx, tuned', nginx, nginxTuned),
  peer('nginx, as it comes', nginx, nginxDefault),
];

/** As it comes, but for what plain http on this machine needs. */
async function startLimpet(_folder: string, ports: readonly number[]): Promise<Balancer> {
  const origins = originIds.map((id, at) => ({ id, url: `http://127.0.0.1:${ports[at]}` }));
  const shop = { origins, health: { path: '/health' }, cookie: { secure: false } };
  const { url, end } = await startServe({ pools: { shop }, routes: [{ match: '/*', pool: 'shop' }] });
  return { url, end };
}

function peer(
  name: string,
  { program, words }: { program: string; words(file: string): string[] },
  configOf: ConfigOf,
): Contender {
  return {
    name,
    sessions: 'plain',
    async start(folder, ports) {
      const [port = 0] = await freePorts(1);
      const file = join(folder, `${program}.conf`);
      writeFileSync(file, configOf(folder, port, ports));
      const child = spawn(program, words(file), {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
      });
      process.once('exit', () => void child.kill('SIGKILL'));
      let said = '';
      child.stderr.on('data', (chunk) => (said += String(chunk)));
      child.once('error', (error) => (said += error.message));
      await until(`${name} listens`, () => {
        if (child.exitCode !== null) throw new Error(`${name} ended before it was ready:\n${said}`);
        return accepts(port);
      });
      return {
        url: `http://127.0.0.1:${port}`,
        async end() {
          const gone = once(child, 'exit');
          child.kill('SIGKILL');
          await gone;
        },
      };
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => undefined);
    socket.once('connect', () => socket.destroy());
  });
}
