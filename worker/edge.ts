import { type Bindings, boundIn } from './bindings.ts';
import type { Config } from './config/config.ts';
import type { Secrets } from './config/secrets.ts';
import { viaName } from './core/keyring.ts';
import { createCounters } from './observe/counters.ts';
import { createPool } from './pool.ts';
import type { Platform } from './stores/platform.ts';
import type { Edge } from './visit.ts';

/** Makes an isolate's Limpet ready: every port that its requests share, and every key they need. */
export async function createEdge(
  config: Config,
  secrets: Secrets,
  bindings: Bindings,
  platform: Platform,
): Promise<Edge> {
  const counters = createCounters();
  const pools = await Promise.all(
    Object.values(config.pools).map((pool) => createPool(pool, secrets, bindings, { ...platform, counters })),
  );
  return {
    config,
    clock: platform.clock,
    chance: platform.chance,
    timers: platform.timers,
    fetch: platform.fetch,
    bound: boundIn(config, bindings),
    counters,
    pools: new Map(pools.map((pool) => [pool.name, pool])),
    via: await viaName(secrets.originSecret),
    apiBase: bindings.apiBase,
    runtime: bindings.runtime,
    adminToken: secrets.adminToken,
    readToken: secrets.readToken,
  };
}
