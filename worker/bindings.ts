import type { StoreSecrets } from './config/store-secrets.ts';
import { bindingNames } from './config/bindings.ts';
import type { Config } from './config/config.ts';
import type { Fetch } from './ports.ts';
import type { FallbackStore } from './stores/fallback.ts';
import type { IncidentObjects } from './stores/incident-desk.ts';
import type { LostObjects } from './stores/lost-writes.ts';
import type { OrdersObjects } from './stores/orders.ts';
import type { OpenSocket } from './stores/redis/redis-tcp.ts';
import type { RegistrarObjects } from './stores/registrar.ts';
import type { ShardObject } from './stores/session-shards.ts';
import type { DeskObject } from './stores/shard-desk.ts';
import type { CopyObject, PromotableObject, PromotionMonitor } from './stores/shard-line.ts';
import type { NamedObjects } from './stores/shard-map.ts';
import type { PlacedObjects, ReplicaObject } from './stores/shard-replicas.ts';
import type { MonitorObjects, SnapshotCache } from './stores/snapshots.ts';

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

/** The bindings that origins are reached through. Whoever serves has looked before whether they are there. */
export function boundIn(config: Pick<Config, 'pools'>, bindings: Bindings): ReadonlyMap<string, Fetch> {
  return new Map(
    bindingNames(config).map((name) => {
      const fetch = bindings.reach(name);
      if (fetch === undefined) throw new Error(`Cannot reach an origin through ${name}: no such binding`);
      return [name, fetch];
    }),
  );
}
