import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Log, LogLevel, Miniflare, type WorkerOptions } from 'miniflare';
import type { PoolInput } from '../../../worker/config/input.ts';
import { type Client, createClient } from './client.ts';
import type { Counts, Faults, Orders } from './lab/orders.ts';
import { type Origin, startOrigin } from './origins.ts';
import { freePorts } from './ports.ts';
import { secrets } from './secrets.ts';

/** One edge: a Worker with wrapped bindings. All edges of a lab share the Durable Objects and KV of the first. */
export interface Edge {
  readonly url: string;
  client(): Client;
  suffer(faults: Faults): Promise<void>;
  counts(): Promise<Counts>;
  /** Calls the shard of a session, past the product. */
  shard(session: string, method: string, ...words: unknown[]): Promise<unknown>;
  kv(key: string, value?: string): Promise<string | null>;
}

export interface Lab {
  readonly edges: readonly Edge[];
  readonly origins: readonly Origin[];
  origin(id: string | undefined): Origin;
  end(): Promise<void>;
}

export interface LabOptions {
  readonly origins: readonly string[];
  /** One edge for each. */
  readonly pools: readonly Omit<Partial<PoolInput>, 'origins'>[];
  readonly debug?: 'off' | 'always';
  readonly faults?: Faults;
}

const compatibilityDate = '2026-11-01';

export async function startLab({ origins: ids, pools, debug = 'always', faults }: LabOptions): Promise<Lab> {
  const ports = await freePorts(ids.length + pools.length);
  const origins = await Promise.all(ids.map((id, at) => startOrigin(id, ports[at] ?? 0, 'kept')));
  const code = await bundled();
  const clients: Client[] = [];
  const workers = pools.map((pool, at) => {
    const listed = origins.map(({ id, url }) => ({ id, url }));
    const passive = { slowStartMs: 0, ...pool.passive };
    const shop = {
      cookie: { secure: false },
      health: { path: '/health' },
      ...pool,
      passive,
      origins: listed,
    };
    const config = { pools: { shop }, routes: [{ match: '/*', pool: 'shop' }], debug };
    return workerOptions(`edge-${at}`, code, config, ports[ids.length + at] ?? 0);
  });
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    cf: false,
    logRequests: false,
    enableDevRegistry: false,
    log: new Log(LogLevel.ERROR),
    workers,
  });
  await miniflare.ready;
  const edges = pools.map((_pool, at) => edgeAt(`http://127.0.0.1:${ports[ids.length + at]}`, clients));
  if (faults !== undefined) await Promise.all(edges.map((edge) => edge.suffer(faults)));
  return {
    edges,
    origins,
    origin(id) {
      const found = origins.find((one) => one.id === id);
      if (found === undefined) throw new Error(`No origin ${id} in this lab`);
      return found;
    },
    async end() {
      for (const client of clients) client.close();
      await Promise.all([miniflare.dispose(), ...origins.map(({ kill }) => kill())]);
    },
  };
}

async function bundled(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('lab/worker.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
  });
  return result.outputFiles[0]?.text ?? '';
}

function workerOptions(name: string, code: string, config: object, port: number): WorkerOptions {
  const objects = { SESSION_SHARD: 'SessionShard', POOL_MONITOR: 'PoolMonitor' };
  const texts = {
    ...secrets,
    LAB_CONFIG: JSON.stringify(config),
    LIMPET_API: `http://127.0.0.1:${port}`,
    LIMPET_RUNTIME: 'local',
  };
  return {
    config: {
      name,
      compatibilityDate,
      manifest: {
        mainModule: 'index.js',
        modules: { 'index.js': { type: 'esm', contents: code } },
      },
      exports: Object.fromEntries(
        Object.values(objects).map((one) => [one, { type: 'durable-object', storage: 'sqlite' }]),
      ),
      env: {
        ...Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, { type: 'text', value }])),
        ...Object.fromEntries(
          Object.entries(objects).map(([key, exportName]) => [
            key,
            { type: 'durable-object', worker: 'edge-0', exportName },
          ]),
        ),
        FALLBACK: { type: 'kv', id: 'FALLBACK' },
      },
    },
    dev: { unsafeDirectSockets: [{ host: '127.0.0.1', port }], stripCfConnectingIp: false },
  };
}

function edgeAt(url: string, clients: Client[]): Edge {
  const order = async (orders: Orders): Promise<{ counts: Counts; answer: unknown }> => {
    const response = await fetch(`${url}/__lab`, { method: 'POST', body: JSON.stringify(orders) });
    if (!response.ok)
      throw new Error(`The lab could not do ${JSON.stringify(orders)}: ${await response.text()}`);
    return response.json();
  };
  return {
    url,
    client() {
      const client = createClient(url);
      clients.push(client);
      return client;
    },
    suffer: async (faults) => void (await order({ faults })),
    counts: async () => (await order({})).counts,
    shard: async (session, method, ...words) => {
      const name = `shop:${session.slice(0, 7)}`;
      return (await order({ call: { object: 'shard', name, method, words } })).answer;
    },
    kv: async (key, value) =>
      (await order({ kv: { key, ...(value === undefined ? {} : { value }) } })).answer as string | null,
  };
}
