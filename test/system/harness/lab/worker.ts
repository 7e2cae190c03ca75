// The product's Worker with its bindings wrapped: calls are counted, and fail when a test says so. The product itself has no such door.
import { limpet, PoolMonitor, SessionShard, type LimpetEnv, type LimpetHandler } from 'limpet';
import type { Counts, Faults, Orders } from './orders.ts';

export { PoolMonitor, SessionShard };

let product: LimpetHandler | undefined;
const counts: Record<string, number> = {};
let faults: Faults = {};
let firstSnapshot: Promise<unknown> | undefined;
const doneVersions = new Set<number>();

type Call = (...words: unknown[]) => Promise<unknown>;

/** The configuration is a text here, so that each edge may have its own. */
interface LabEnv extends LimpetEnv {
  readonly LAB_CONFIG: string;
}

const labPath = '/__lab';

export default {
  async fetch(
    request: Request,
    env: LabEnv,
    ctx: { waitUntil(work: Promise<unknown>): void },
  ): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === labPath) return Response.json(await obey((await request.json()) as Orders, env));
    if (url.pathname.startsWith('/.limpet/')) count('api');
    const arrived = new Request(request);
    arrived.headers.set('CF-Connecting-IP', '127.0.0.1');
    product ??= limpet(JSON.parse(env.LAB_CONFIG));
    return product.fetch(arrived, wrapped(env), ctx);
  },
};

async function obey(orders: Orders, env: LimpetEnv): Promise<{ counts: Counts; answer: unknown }> {
  if (orders.faults !== undefined) faults = orders.faults;
  if (orders.call !== undefined) {
    const { object, name, method, words } = orders.call;
    const stub = (object === 'shard' ? env.SESSION_SHARD : env.POOL_MONITOR).getByName(name);
    return { counts, answer: await call(stub, method, words) };
  }
  if (orders.kv !== undefined) {
    const { key, value } = orders.kv;
    if (value === undefined) return { counts, answer: await env.FALLBACK.get(key) };
    await call(env.FALLBACK, 'put', [key, value]);
  }
  return { counts, answer: null };
}

/** Called as a member: a stub would take `apply` for the name of a remote method. */
function call(target: object, method: string, words: readonly unknown[]): Promise<unknown> {
  const callable = target as Record<string, Call>;
  return callable[method]?.(...words) ?? Promise.reject(new Error(`No method ${method}`));
}

function wrapped(env: LimpetEnv): LimpetEnv {
  return {
    ...env,
    SESSION_SHARD: objects('shard', env.SESSION_SHARD, putInOrder),
    POOL_MONITOR: objects('monitor', env.POOL_MONITOR, snapshotAsTold),
    FALLBACK: counted('kv', env.FALLBACK, (_method, _words, go) => go()),
  };
}

type Wrap = (method: string, words: readonly unknown[], go: () => Promise<unknown>) => Promise<unknown>;

function objects<Objects extends { getByName(name: string): object }>(
  kind: keyof Faults & ('shard' | 'monitor'),
  real: Objects,
  wrap: Wrap,
): Objects {
  return { getByName: (name: string) => counted(kind, real.getByName(name), wrap) } as Objects;
}

function counted<Target extends object>(kind: 'shard' | 'monitor' | 'kv', real: Target, wrap: Wrap): Target {
  const invoke =
    (method: string) =>
    (...words: unknown[]) => {
      count(`${kind}.${method}`);
      if (faults[kind] === 'away') return Promise.reject(new Error(`${kind} is away`));
      return wrap(method, words, () => call(real, method, words));
    };
  return new Proxy(real, { get: (_target, method) => invoke(String(method)) });
}

function count(name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** `holdPut`: this version waits until a newer one has been stored. */
const putInOrder: Wrap = async (method, words, go) => {
  if (method !== 'put') return go();
  const { version } = words[2] as { version: number };
  while (faults.holdPut === version && !doneVersions.has(version + 1))
    await new Promise((resolve) => setTimeout(resolve, 5));
  const said = await go();
  doneVersions.add(version);
  return said;
};

/** `snapshot: 'frozen'`: what was heard first is heard for ever. `down`: these origins are said to be down. */
const snapshotAsTold: Wrap = async (method, _words, go) => {
  if (method !== 'snapshot') return go();
  if (faults.snapshot !== 'frozen') firstSnapshot = go();
  const told = (await (firstSnapshot ??= go())) as {
    at: number;
    snapshot: { version: number; origins: Record<string, object> };
  };
  const { origins, version } = told.snapshot;
  const down = (faults.down ?? []).map((id) => [id, { ...origins[id], health: 'down' }]);
  return {
    at: Date.now(),
    snapshot: { version: version + down.length, origins: { ...origins, ...Object.fromEntries(down) } },
  };
};

for (const method of ['sign', 'verify', 'digest'] as const) {
  const { subtle } = crypto;
  const real = subtle[method].bind(subtle) as Call;
  const counting: Call = (...words) => (count('crypto'), real(...words));
  Object.defineProperty(subtle, method, { value: counting });
}

const realCache: Cache = Reflect.get(caches, 'default');
Object.defineProperty(globalThis, 'caches', {
  value: {
    default: {
      match(url: string) {
        count('cache.match');
        return faults.cache === 'none' ? Promise.resolve(undefined) : realCache.match(url);
      },
      put(url: string, response: Response) {
        count('cache.put');
        return faults.cache === 'none' ? Promise.resolve() : realCache.put(url, response);
      },
    },
  },
});
