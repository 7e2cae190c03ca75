import { firstObject, type Promotion } from '../../worker/core/promotion.ts';
import { Address } from './address.ts';
import { Desk } from './desk.ts';
import type { ShardEnv } from './env.ts';
import { Feed } from './feed.ts';
import { type Group, Groups } from './groups.ts';
import { Left } from './left.ts';
import { Ledger } from './ledger.ts';
import { Mirror } from './mirror.ts';
import { Raises } from './raises.ts';
import { Residents } from './residents.ts';
import { Sessions } from './sessions.ts';
import { Slots } from './slots.ts';
import { Subjects } from './subjects.ts';
import { Tables } from './tables.ts';
import { Tenure } from './tenure.ts';
import { Upkeep } from './upkeep.ts';

export type ShardParts = ReturnType<typeof shardParts>;

/** A shard, put together. `failed`: a group was not stored, and memory has run ahead of storage. */
export function shardParts(storage: DurableObjectStorage, env: ShardEnv, failed: (error: unknown) => void) {
  const promotion = storage.kv.get<Promotion>('promotion') ?? firstObject;
  const { generation } = promotion;
  const address = new Address(storage);
  const tables = new Tables(storage.sql);
  const ledger = new Ledger(storage, tables, (folded) => feed.mayGo(folded));
  const monitor = () => env.POOL_MONITOR.getByName(address.name.pool);
  const groups = new Groups((group: Group) => {
    ledger.store(group);
    address.keep();
    upkeep.stored(group);
  }, failed);
  const flush = () => groups.flush();
  const tenure = new Tenure({
    kept: storage.kv,
    isFirst: generation === 0,
    shard: () => address.name.shard,
    hasReplicas: () => feed.hasReplicas,
    askMonitor: () => monitor().tenancy(address.name.shard, promotion),
    askReplicas: () => feed.ask(),
    replaced: () => feed.close(),
  });
  const feed: Feed = new Feed({
    generation,
    isReplaced: () => tenure.replacedBy !== undefined,
    heard: (sentAt) => tenure.confirmed(sentAt),
    storage,
    ledger,
    tables,
    of: () => address.name,
    objects: () => env.SHARD_REPLICA,
    flush,
  });
  const slots = new Slots({ generation, address, tenure, ledger, groups, feed });
  const mirror = new Mirror(
    env.FALLBACK,
    (bucket) => tables.page(bucket),
    () => address.name,
  );
  const raises = new Raises({
    tell: (origin) => monitor().raise(origin),
    acknowledged: (origin) => tables.deleteRaise(origin),
  });
  const upkeep: Upkeep = new Upkeep({ storage, tables, ledger, mirror, raises, tenure, feed, flush });
  const left = new Left();
  const shared = { ledger, tables, slots, flush };
  const desk = new Desk(shared);
  return {
    generation,
    address,
    tables,
    ledger,
    groups,
    tenure,
    feed,
    upkeep,
    sessions: new Sessions({ ledger, slots, left }),
    desk,
    residents: new Residents({ ...shared, left }),
    subjects: new Subjects({ ...shared, address, desk, mirror, fold: () => upkeep.fold() }),
  };
}
