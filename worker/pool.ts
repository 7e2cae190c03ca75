import { type Bindings, boundIn } from './bindings.ts';
import type { PoolConfig } from './config/config.ts';
import type { Secrets } from './config/secrets.ts';
import { type OriginId, originId, type PoolName, poolName } from './core/ids.ts';
import { createKeyring } from './core/keyring.ts';
import { Lru } from './core/lru.ts';
import { placementOf } from './core/rendezvous.ts';
import type { Growth } from './core/setbacks.ts';
import { lawful, policyOf, replicationOf } from './pool-law.ts';
import type { Counters, Passive, Snapshots } from './ports.ts';
import { createConnects } from './stores/connects.ts';
import { createDoubt, type Way } from './stores/doubt.ts';
import { createFallback } from './stores/fallback.ts';
import { createIncidentDesk } from './stores/incident-desk.ts';
import { createIncidents } from './stores/incidents.ts';
import { createLostWrites } from './stores/lost-writes.ts';
import { createMembership } from './stores/membership.ts';
import { createGiveOrder } from './stores/orders.ts';
import { PassiveHealth } from './stores/passive-health.ts';
import type { Platform } from './stores/platform.ts';
import { createPoolDesk, createPoolShards, createPoolStates } from './stores/pool-states.ts';
import { createPromotionDesk } from './stores/promotion-desk.ts';
import { createRegistrar } from './stores/registrar.ts';
import { createShards, type ShardObject } from './stores/session-shards.ts';
import { createShardDesk, type DeskObject } from './stores/shard-desk.ts';
import { createShardMap, followingMap } from './stores/shard-map.ts';
import { createReplicas } from './stores/shard-replicas.ts';
import { createReadStatus, createReportSuspect, createSnapshots } from './stores/snapshots.ts';
import { createSuspicions } from './stores/suspicions.ts';
import type { Members, Membership, Pool } from './visit.ts';

/** What everything of a pool is made from. */
interface Ground {
  readonly name: PoolName;
  readonly config: PoolConfig;
  readonly origins: Pool['origins'];
  readonly bindings: Bindings;
  readonly platform: Platform & { readonly counters: Counters };
}

export async function createPool(
  config: PoolConfig,
  secrets: Secrets,
  bindings: Bindings,
  platform: Ground['platform'],
): Promise<Pool> {
  const name = poolName(config.name);
  const origins = new Map(config.origins.map((origin) => [originId(origin.id), origin]));
  const ground = { name, config, origins, bindings, platform };
  const members = await membersOf(ground, secrets);
  const membership = createMembership(members);
  const passive = new PassiveHealth(config, platform.counters);
  const heard = fromMonitor(ground, membership, passive);
  return {
    name,
    config,
    ...members,
    membership,
    cookieName: config.cookie.secure ? `__Host-${config.cookie.name}` : config.cookie.name,
    ...remembered(),
    ...heard,
    ...fromShards(ground, heard.snapshots),
    passive,
    ...ownSight(ground, heard.snapshots),
    fallback: createFallback(name, bindings.fallback, {
      clock: platform.clock,
      bodyBytesMax: config.fallback.bodyBytesMax,
    }),
  };
}

/** The origins of the configuration. */
async function membersOf({ name, origins }: Ground, secrets: Secrets): Promise<Members> {
  return {
    origins,
    placement: placementOf([...origins].map(([id, { weight }]) => ({ id, weight }))),
    keyring: await createKeyring(name, [...origins.keys()], secrets),
  };
}

const jarsMax = 8_192;

/** What this isolate keeps of requests that it has seen. */
function remembered() {
  return {
    placements: new WeakMap(),
    jars: new Lru(jarsMax),
    signed: new Lru(jarsMax),
    learned: new Lru(jarsMax),
    copied: new Lru(1_024),
    drainAsked: new Map(),
  } satisfies Partial<Pool>;
}

/** What the pool's monitor knows, and what it is told. */
function fromMonitor(
  { name: pool, config, origins, bindings, platform }: Ground,
  membership: Membership,
  passive: Passive,
) {
  const { monitors } = bindings;
  const { clock, chance, timers, waitUntil } = platform;
  const probing = {
    revision: bindings.revision,
    health: policyOf(config, bindings),
    origins: [...origins].map(([id, { url, via }]) => ({ id, url, ...(via === '' ? {} : { via }) })),
  };
  const incidents = createIncidents({ pool, monitors, clock, chance, timers, waitUntil });
  return {
    incidents,
    incidentDesk: createIncidentDesk({ pool, monitors, clock, timers }),
    snapshots: createSnapshots({
      pool,
      probing,
      prepare: (snapshot) => membership.prepare(snapshot),
      monitors,
      cache: bindings.cache,
      mirror: bindings.fallback,
      clock,
      timers,
      chance,
      waitUntil,
      heard: (before, snapshot) => {
        incidents.heard(before, snapshot);
        passive.keepTo(snapshot.registered);
      },
    }),
    lost: createLostWrites({ pool, monitors, clock, timers, waitUntil }),
    registrar: createRegistrar({ pool, monitors }),
    order: createGiveOrder({ pool, probing, monitors, clock, timers }),
    report: createReportSuspect({ pool, monitors }),
    status: createReadStatus({ pool, monitors }),
  } satisfies Partial<Pool>;
}

/** Where the sessions are, and who may ask for them. */
function fromShards({ name, config, bindings, platform }: Ground, snapshots: Snapshots) {
  const { clock, timers, fetch } = platform;
  const { monitors, replicas, openSocket } = bindings;
  const replication = replicationOf(config, bindings);
  const own = lawful(bindings.shards, config, bindings);
  const map = createShardMap(name, snapshots);
  const shards = followingMap<ShardObject & DeskObject>(name, own, replicas, map);
  const following = { clock, timers, redirected: map.redirected };
  const mapped = createShards(name, shards, { ...following, replication });
  const states = createPoolStates(config, mapped, bindings.stores, { clock, timers, fetch, openSocket });
  const { places } = replication;
  return {
    shards: createPoolShards(config, mapped, states),
    states,
    replicas: createReplicas(name, replicas, { clock, timers, places, line: map.line }),
    desk: createPoolDesk(config, createShardDesk(name, shards, following), states),
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
  } satisfies Partial<Pool>;
}

/** A report makes the monitor probe at once: its word is here after as many time-outs as it takes, and the way there and back. */
const untilHeardMs = 2_000;

/** At first as long as the monitor may take to find out, and never longer than an ejection begins with. */
function suspicionOf({ health, passive }: PoolConfig): Growth {
  const baseMs = health.timeoutMs * health.fall + untilHeardMs;
  return { baseMs, maxMs: Math.max(baseMs, passive.ejectMs) };
}

/** What this isolate finds out about origins by itself. */
function ownSight({ name, config, origins, bindings, platform }: Ground, snapshots: Snapshots) {
  const { clock, timers, fetch, waitUntil } = platform;
  const bound = boundIn({ pools: { [name]: config } }, bindings);
  const wayTo = (origin: OriginId): Way | undefined => {
    const known = origins.get(origin) ?? snapshots.current().snapshot.registered?.[origin];
    return known && { url: known.url, fetch: bound.get(origins.get(origin)?.via ?? '') ?? fetch };
  };
  return {
    suspicions: createSuspicions(suspicionOf(config)),
    connects: createConnects(config.attempts.connectCheckMs, { timers, wayTo, open: bindings.openSocket }),
    doubt: createDoubt(config, { clock, timers, wayTo, waitUntil, runtime: bindings.runtime }),
  } satisfies Partial<Pool>;
}
