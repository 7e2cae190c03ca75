import { sweepDrains } from './admin/drain.ts';
import { answerOwnPath, isOwnPath } from './admin/own-paths.ts';
import { bindingProblems } from './config/bindings.ts';
import type { Config } from './config/config.ts';
import { sentence } from './config/problems.ts';
import { parseSecrets } from './config/secrets.ts';
import { parseStoreSecrets, type StoreSecretsEnv } from './config/store-secrets.ts';
import type { Bindings, ReplicaObjectOf, SessionObjects } from './bindings.ts';
import { createEdge } from './edge.ts';
import { serve } from './pipeline.ts';
import type { WaitUntil } from './ports.ts';
import { misconfigured, refuseAtGate, unroutable } from './steps/gate.ts';
import { open } from './steps/open.ts';
import { requestUrl, route } from './steps/route.ts';
import { platform } from './stores/platform.ts';
import type { OrdersObject } from './stores/orders.ts';
import type { IncidentObject } from './stores/incident-desk.ts';
import { reachThrough } from './stores/reach.ts';
import type { RegistrarObject } from './stores/registrar.ts';
import type { LostObject } from './stores/lost-writes.ts';
import { openSocket } from './stores/redis/open-socket.ts';
import type { PromotionMonitor } from './stores/shard-line.ts';
import type { PlacedObjects } from './stores/shard-replicas.ts';
import type { MonitorObject, SnapshotCache } from './stores/snapshots.ts';
import type { Edge, Visit } from './visit.ts';

/** The bindings that Limpet wants of its Worker; wrangler.toml declares them. */
export interface LimpetEnv extends StoreSecretsEnv {
  readonly SESSION_SHARD: SessionObjects;
  readonly SHARD_REPLICA: PlacedObjects<ReplicaObjectOf>;
  readonly POOL_MONITOR: {
    getByName(
      name: string,
    ): MonitorObject &
      LostObject &
      OrdersObject &
      IncidentObject &
      RegistrarObject &
      PromotionMonitor & { check(): Promise<void> };
  };
  readonly FALLBACK: Bindings['fallback'];
  readonly COOKIE_KEYS: string;
  readonly ORIGIN_SECRET: string;
  readonly ADMIN_TOKEN: string;
  /** Reads the admin API, and orders nothing. */
  readonly READ_TOKEN?: string;
  /** Where origins reach the store API, when not under the host that clients use. */
  readonly LIMPET_API?: string;
  /** `local` under `limpet dev`, whose runtime has no `resolveOverride`. */
  readonly LIMPET_RUNTIME?: string;
  readonly VERSION?: { readonly timestamp: string };
}

export interface LimpetContext {
  waitUntil(work: Promise<unknown>): void;
}

export interface LimpetHandler {
  fetch(request: Request, env: LimpetEnv, ctx: LimpetContext): Promise<Response>;
  scheduled(controller: unknown, env: LimpetEnv): Promise<void>;
}

/** Limpet over a configuration that was checked. Bad secrets answer every request with 503 and are named in the log. */
export function handlerOf(config: Config): LimpetHandler {
  let edge: Edge | undefined;
  return {
    fetch(request, env, ctx) {
      const waitUntil: WaitUntil = (work) => ctx.waitUntil(work);
      if (edge !== undefined) return handle(request, edge, waitUntil);
      return ready(config, env).then((made) => {
        edge = made;
        return made === undefined ? misconfigured() : handle(request, made, waitUntil);
      });
    },
    async scheduled(_controller, env) {
      await Promise.all(Object.keys(config.pools).map((pool) => env.POOL_MONITOR.getByName(pool).check()));
      edge ??= await ready(config, env);
      if (edge !== undefined) await sweepDrains(edge);
    },
  };
}

function handle(request: Request, edge: Edge, waitUntil: WaitUntil): Promise<Response> {
  const refused = refuseAtGate(request, edge);
  if (refused !== undefined) return Promise.resolve(refused);
  const url = requestUrl(request.url);
  if (isOwnPath(url.target)) return answerOwnPath(request, edge);
  const name = route(url, edge.config);
  const pool = name === undefined ? undefined : edge.pools.get(name);
  if (pool === undefined) return Promise.resolve(unroutable());
  const visit = open(request, edge, pool, url, waitUntil);
  return visit instanceof Promise ? visit.then((opened: Visit) => serve(opened)) : serve(visit);
}

async function ready(config: Config, env: LimpetEnv): Promise<Edge | undefined> {
  const [parsed, stores] = [parseSecrets(env), parseStoreSecrets(config.pools, env)];
  if (!parsed.ok || !stores.ok) {
    const problems = [parsed, stores].flatMap((one) => (one.ok ? [] : one.problems));
    for (const problem of problems) console.error(`Cannot serve: ${sentence(problem)}`);
    return undefined;
  }
  const missing = bindingProblems(config, (name) => reachThrough(env, name) !== undefined);
  if (missing.length > 0) {
    for (const problem of missing) console.error(`Cannot serve: ${sentence(problem)}`);
    return undefined;
  }
  const bindings: Bindings = {
    shards: env.SESSION_SHARD,
    replicas: env.SHARD_REPLICA,
    monitors: env.POOL_MONITOR,
    fallback: env.FALLBACK,
    cache: coloCache,
    stores: stores.stores,
    openSocket,
    reach: (name) => reachThrough(env, name),
    apiBase: env.LIMPET_API,
    runtime: env.LIMPET_RUNTIME === 'local' ? 'local' : 'cloudflare',
    revision: Date.parse(env.VERSION?.timestamp ?? '') || 0,
  };
  return createEdge(config, parsed.secrets, bindings, platform);
}

/** Looked up when it is used: a runtime without a cache throws there, and the monitor is asked instead. */
const coloCache: SnapshotCache = {
  match: async (url) => caches.default.match(url),
  put: async (url, response) => caches.default.put(url, response),
};
