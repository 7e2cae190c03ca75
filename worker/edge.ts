import { bindingNames } from './config/bindings.ts';
import type { Config, PoolConfig } from './config/config.ts';
import type { Secrets } from './config/secrets.ts';
import type { StoreSecrets } from './config/store-secrets.ts';
import { type OriginId, originId, poolName } from './core/ids.ts';
import { createKeyring, viaName } from './core/keyring.ts';
import { Lru } from './core/lru.ts';
import type { ProbingPolicy } from './core/probing.ts';
import type { Growth } from './core/setbacks.ts';
import type { Fetch } from './ports.ts';
import type { Replication } from './core/replication.ts';
import { placementOf } from './core/rendezvous.ts';
import { createCounters } from './observe/counters.ts';
import { createConnects } from './stores/connects.ts';
import { createDoubt, type Way } from './stores/doubt.ts';
import { PassiveHealth } from './stores/passive-health.ts';
import { createFallback, type FallbackStore } from './stores/fallback.ts';
import { createIncidentDesk, type IncidentObjects } from './stores/incident-desk.ts';
import { createIncidents } from './stores/incidents.ts';
import { createLostWrites, type LostObjects } from './stores/lost-writes.ts';
import { createMembership } from './stores/membership.ts';
import { createGiveOrder, type OrdersObjects } from './stores/orders.ts';
import type { Platform } from './stores/platform.ts';
import { createPromotionDesk } from './stores/promotion-desk.ts';
import type { CopyObject, PromotableObject, PromotionMonitor } from './stores/shard-line.ts';
import { createShardDesk, type DeskObject } from './stores/shard-desk.ts';
import { createShardMap, followingMap, type NamedObjects } from './stores/shard-map.ts';
import { createRegistrar, type RegistrarObjects } from './stores/registrar.ts';
import { createPoolDesk, createPoolShards, createPoolStates } from './stores/pool-states.ts';
import type { OpenSocket } from './stores/redis/redis-tcp.ts';
import { createReplicas, type PlacedObjects, type ReplicaObject } from './stores/shard-replicas.ts';
import { createShards, type ShardObject } from './stores/session-shards.ts';
import {
  createReadStatus,
  createReportSuspect,
  createSnapshots,
  type MonitorObjects,
  type SnapshotCache,
} from './stores/snapshots.ts';
import { createSuspicions } from './stores/suspicions.ts';
import type { Counters } from './ports.ts';
import type { Edge, Pool } from './visit.ts';

/** The shards' objects, as requests and as operators ask them. A deployment that binds no jurisdictions has the one law. */
export type SessionObjects = NamedObjects<ShardObject & DeskObject & CopyObject> & {
  jurisdiction?(jurisdiction: DurableObjectJurisdiction): SessionObjects;
};

/** A replica, and what it does once it was promoted. */
export type ReplicaObjectOf = ReplicaObject & PromotableObject & ShardObject & DeskObject;

/** What the deployment binds. */
export interface Bindings {
  readonly shards: SessionObjects;
  readonly replicas: PlacedObjects<ReplicaObjectOf>;
  readonly monitors: MonitorObjects &
    LostObjects &
    OrdersObjects &
    IncidentObjects &
    RegistrarObjects &
    NamedObjects<PromotionMonitor>;
  readonly fallback: FallbackStore;
  readonly cache: SnapshotCache;
  /** The stores that pools in `external` mode name, and the way to them. */
  readonly stores: StoreSecrets;
  readonly openSocket: OpenSocket;
  /** The fetch of a binding that an origin is reached through; undefined where there is none of this name. */
  reach(name: string): Fetch | undefined;
  readonly apiBase: string | undefined;
  readonly runtime: 'cloudflare' | 'local';
  /** When this version was deployed, in milliseconds: of two configurations the monitor follows the younger one. */
  readonly revision: number;
}

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

const jarsMax = 8_192;
/** A report makes the monitor probe at once: its word is here after as many time-outs as it takes, and the way there and back. */
const untilHeardMs = 2_000;

async function createPool(
  config: PoolConfig,
  secrets: Secrets,
  bindings: Bindings,
  platform: Platform & { readonly counters: Counters },
): Promise<Pool> {
  const name = poolName(config.name);
  const origins = new Map(config.origins.map((origin) => [originId(origin.id), origin]));
  const { clock, chance, timers, fetch, waitUntil } = platform;
  const replication = replicationOf(config, bindings);
  const own = lawful(bindings.shards, config, bindings);
  const probing = {
    revision: bindings.revision,
    health: policyOf(config, bindings),
    origins: [...origins].map(([id, { url, via }]) => ({ id, url, ...(via === '' ? {} : { via }) })),
  };
  const incidents = createIncidents({
    pool: name,
    monitors: bindings.monitors,
    clock,
    chance,
    timers,
    waitUntil,
  });
  const configured = {
    origins,
    placement: placementOf([...origins].map(([id, { weight }]) => ({ id, weight }))),
    keyring: await createKeyring(name, [...origins.keys()], secrets),
  };
  const membership = createMembership(configured);
  const passive = new PassiveHealth(config, platform.counters);
  const snapshots = createSnapshots({
    pool: name,
    probing,
    prepare: (snapshot) => membership.prepare(snapshot),
    monitors: bindings.monitors,
    cache: bindings.cache,
    mirror: bindings.fallback,
    clock,
    timers,
    chance: platform.chance,
    waitUntil,
    heard: (before, snapshot) => {
      incidents.heard(before, snapshot);
      passive.keepTo(snapshot.registered);
    },
  });
  const map = createShardMap(name, snapshots);
  const { monitors, replicas } = bindings;
  const { places } = replication;
  const shards = followingMap<ShardObject & DeskObject>(name, own, replicas, map);
  const following = { clock, timers, redirected: map.redirected };
  const mapped = createShards(name, shards, { ...following, replication });
  const way = { clock, timers, fetch, openSocket: bindings.openSocket };
  const states = createPoolStates(config, mapped, bindings.stores, way);
  const bound = boundIn({ pools: { [name]: config } }, bindings);
  const wayTo = (origin: OriginId): Way | undefined => {
    const known = origins.get(origin) ?? snapshots.current().snapshot.registered?.[origin];
    return known && { url: known.url, fetch: bound.get(origins.get(origin)?.via ?? '') ?? fetch };
  };
  return {
    name,
    config,
    incidents,
    incidentDesk: createIncidentDesk({ pool: name, monitors: bindings.monitors, clock, timers }),
    ...configured,
    membership,
    registrar: createRegistrar({ pool: name, monitors: bindings.monitors }),
    placements: new WeakMap(),
    cookieName: config.cookie.secure ? `__Host-${config.cookie.name}` : config.cookie.name,
    jars: new Lru(jarsMax),
    signed: new Lru(jarsMax),
    learned: new Lru(jarsMax),
    copied: new Lru(1_024),
    passive,
    suspicions: createSuspicions(suspicionOf(config)),
    shards: createPoolShards(config, mapped, states),
    states,
    replicas: createReplicas(name, replicas, { clock, timers, places, line: map.line }),
    desk: createPoolDesk(config, createShardDesk(name, shards, following), states),
    lost: createLostWrites({ pool: name, monitors: bindings.monitors, clock, timers, waitUntil }),
    snapshots,
    order: createGiveOrder({ pool: name, probing, monitors: bindings.monitors, clock, timers }),
    drainAsked: new Map(),
    promotions: createPromotionDesk({
      pool: name,
      shards: own,
      replicas,
      monitors,
      map,
      replication,
      clock,
      timers,
    }),
    report: createReportSuspect({ pool: name, monitors: bindings.monitors }),
    status: createReadStatus({ pool: name, monitors: bindings.monitors }),
    connects: createConnects(config.attempts.connectCheckMs, { timers, wayTo, open: bindings.openSocket }),
    doubt: createDoubt(config, { clock, timers, wayTo, waitUntil, runtime: bindings.runtime }),
    fallback: createFallback(name, bindings.fallback, { clock, bodyBytesMax: config.fallback.bodyBytesMax }),
  };
}

/** At first as long as the monitor may take to find out, and never longer than an ejection begins with. */
function suspicionOf({ health, passive }: PoolConfig): Growth {
  const baseMs = health.timeoutMs * health.fall + untilHeardMs;
  return { baseMs, maxMs: Math.max(baseMs, passive.ejectMs) };
}

function policyOf(config: PoolConfig, bindings: Bindings): ProbingPolicy {
  const { drainOn404, ...health } = config.health;
  const jurisdiction = jurisdictionOf(config, bindings);
  const policy = { ...health, jurisdiction, runtime: bindings.runtime };
  return drainOn404 ? { ...policy, drainOn404Ms: config.drain.deadlineMs } : policy;
}

/** The local runtime knows no jurisdictions: there is one machine. */
function jurisdictionOf({ session }: PoolConfig, { runtime }: Bindings): string {
  return runtime === 'local' ? '' : session.jurisdiction;
}

function replicationOf(config: PoolConfig, bindings: Bindings): Replication {
  const { replicas, replicaRegions, durability } = config.session;
  const jurisdiction = jurisdictionOf(config, bindings);
  const places = Array.from({ length: replicas }, (_, index) => ({
    region: replicaRegions[index] ?? '',
    jurisdiction,
  }));
  return { revision: bindings.revision, durability, places };
}

function lawful(shards: SessionObjects, config: PoolConfig, bindings: Bindings): SessionObjects {
  const jurisdiction = jurisdictionOf(config, bindings);
  if (jurisdiction === '') return shards;
  if (shards.jurisdiction === undefined)
    throw new Error(`Cannot keep sessions in ${jurisdiction}: these objects know no jurisdiction`);
  return shards.jurisdiction(jurisdiction as DurableObjectJurisdiction);
}

/** The bindings that origins are reached through. Whoever serves has looked before whether they are there. */
function boundIn(config: Pick<Config, 'pools'>, bindings: Bindings): ReadonlyMap<string, Fetch> {
  return new Map(
    bindingNames(config).map((name) => {
      const fetch = bindings.reach(name);
      if (fetch === undefined) throw new Error(`Cannot reach an origin through ${name}: no such binding`);
      return [name, fetch];
    }),
  );
}
