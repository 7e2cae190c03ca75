import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../worker/config/input.ts';
import { type Child, startChild } from '../system/harness/child.ts';
import { type Dev, startDev } from '../system/harness/dev.ts';
import { freePorts } from '../system/harness/ports.ts';
import { originValues } from '../system/harness/secrets.ts';
import { until } from '../system/harness/until.ts';

export type Durability = 'primary' | 'async';

/** Real origins, and the real `limpet dev` in front of them. */
export interface Stage {
  readonly url: string;
  origin(id: string): Victim;
  restartEdge(): Promise<void>;
  /** All at once: no memory of any session is left but the store. */
  restartAll(): Promise<void>;
  end(): Promise<void>;
}

/** An origin to which things happen. */
export interface Victim {
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const originIds = ['a', 'b', 'c'] as const;

const script = fileURLToPath(new URL('origin-app.ts', import.meta.url));

export async function startStage(durability: Durability): Promise<Stage> {
  const ports = await freePorts(originIds.length);
  const victims = new Map<string, Victim>();
  const killAll = () => Promise.all([...victims.values()].map((victim) => victim.kill()));
  try {
    await Promise.all(
      originIds.map(async (id, at) => victims.set(id, await startVictim(id, ports[at] ?? 0))),
    );
    const dev = await startDev(configOf(ports, durability));
    return stageOf(dev, victims, killAll);
  } catch (error) {
    await killAll();
    throw error;
  }
}

function stageOf(dev: Dev, victims: ReadonlyMap<string, Victim>, killAll: () => Promise<unknown>): Stage {
  return {
    url: dev.url,
    restartEdge: () => dev.restart(),
    origin(id) {
      const victim = victims.get(id);
      if (victim === undefined) throw new Error(`No origin ${id} on this stage`);
      return victim;
    },
    async restartAll() {
      await killAll();
      await Promise.all([...victims.values()].map((victim) => victim.start()));
    },
    async end() {
      await Promise.all([dev.end(), killAll()]);
    },
  };
}

function configOf(ports: readonly number[], durability: Durability): ConfigInput {
  const shop = {
    origins: originIds.map((id, at) => ({ id, url: `http://127.0.0.1:${ports[at]}` })),
    session: { durability },
    cookie: { secure: false },
    health: { path: '/health', intervalMs: 2_000, timeoutMs: 1_000, fall: 2, rise: 1 },
  };
  return { pools: { shop }, routes: [{ match: '/*', pool: 'shop' }], debug: 'always' };
}

async function startVictim(id: string, port: number): Promise<Victim> {
  const env = { ...(await originValues('shop', id)), PORT: String(port) };
  const launch = () => startChild(script, [], env, 'listening');
  let child: Child = await launch();
  // A frozen process does not notice that its parent has gone.
  process.once('exit', () => child.signal('SIGKILL'));
  return {
    signal: (name) => child.signal(name),
    kill: () => child.end('SIGKILL'),
    async start() {
      child = await launch();
      const health = `http://127.0.0.1:${port}/health`;
      await until(`origin ${id} answers`, async () => (await fetch(health)).ok);
    },
  };
}
