import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { freePorts } from '../ports.ts';
import { until } from '../until.ts';

/** A real redis-server, which writes every change to its disk before it answers. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** One command, past everything. */
  ask(...words: string[]): Promise<unknown>;
  /** SIGKILL: no goodbye. */
  kill(): Promise<void>;
  /** Again, on the same port and data. */
  start(): Promise<void>;
  end(): Promise<void>;
}

/** `words` are further settings: `--requirepass …`. `password` is what the server then wants. */
export async function startRedis(
  program: string,
  words: readonly string[] = [],
  login: { readonly username?: string; readonly password?: string } = {},
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-redis-'));
  const [port = 0] = await freePorts(1);
  const url = `redis://127.0.0.1:${port}`;
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const kept = ['--appendonly', 'yes', '--appendfsync', 'always'];
  let child: ChildProcess | undefined;

  async function ask(...words: string[]): Promise<unknown> {
    const client = createClient({ url, ...login, socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  }

  async function start(): Promise<void> {
    child = spawn(program, [...settings, ...kept, ...words], { stdio: 'ignore' });
    await until('redis-server answers', () => ask('PING').catch(() => undefined));
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  await start();
  return {
    port,
    url,
    ask,
    kill,
    start,
    async end() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
