import { lineName, type Promotion, type Redirection } from '../core/promotion.ts';
import type { PoolName } from '../core/ids.ts';
import type { Snapshots } from '../ports.ts';
import { shardName } from './session-shards.ts';
import type { PlacedObjects } from './shard-replicas.ts';

/** Which object answers for each shard, as far as this isolate knows. */
export interface ShardMap {
  /** Undefined: the shard's own object. */
  promotionOf(shard: string): Promotion | undefined;
  /** From what name the shard's replicas have theirs. */
  line(shard: string): string;
  /** An object has said who is the shard, or that it is not. */
  redirected(redirection: Redirection): void;
}

/** The snapshot's word, or that of a replaced object where it is newer: it says so with its refusal. */
export function createShardMap(pool: PoolName, snapshots: Pick<Snapshots, 'current'>): ShardMap {
  const heard = new Map<string, Promotion>();
  const promotionOf = (shard: string): Promotion | undefined => {
    const told = snapshots.current().snapshot.promoted?.[shard];
    const said = heard.get(shard);
    if (said === undefined || told === undefined) return told ?? said;
    return said.generation > told.generation ? said : told;
  };
  return {
    promotionOf,
    line: (shard) => lineName(shardName(pool, shard), promotionOf(shard)?.generation ?? 0),
    redirected(redirection) {
      if (redirection.kind === 'replaced') heard.set(redirection.shard, redirection.by);
      else heard.delete(redirection.shard);
    },
  };
}

export interface NamedObjects<Stub> {
  getByName(name: string): Stub;
}

/** The shards' own objects, or the replicas that were promoted in their place. */
export function followingMap<Stub>(
  pool: PoolName,
  own: NamedObjects<Stub>,
  replicas: PlacedObjects<Stub>,
  map: ShardMap,
): NamedObjects<Stub> {
  const prefix = shardName(pool, '');
  return {
    getByName(name) {
      const by = map.promotionOf(name.slice(prefix.length));
      return by === undefined ? own.getByName(name) : promotedObject(replicas, by);
    },
  };
}

export function promotedObject<Stub>(
  replicas: PlacedObjects<Stub>,
  { object, jurisdiction }: Promotion,
): Stub {
  const lawful =
    jurisdiction === '' ? replicas : replicas.jurisdiction(jurisdiction as DurableObjectJurisdiction);
  return lawful.getByName(object);
}
