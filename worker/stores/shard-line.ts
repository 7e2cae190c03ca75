import type { PoolName } from '../core/ids.ts';
import { firstObject, lineName, type Promotion } from '../core/promotion.ts';
import { replicaName, type Replication } from '../core/replication.ts';
import type { Clock, ReplicaStanding, ShardCopies, Timers, Unreachable } from '../ports.ts';
import { persist, shardName } from './session-shards.ts';
import { type NamedObjects, promotedObject, type ShardMap } from './shard-map.ts';
import { type PlacedObjects, replicaAt } from './shard-replicas.ts';

/** Of which shard a replica is one, and which of the shard's objects is meant. */
interface Of {
  readonly pool: PoolName;
  readonly shard: string;
  readonly generation: number;
}

/** What an object that is the shard does for its promoters. */
export interface CopyObject {
  standFor(pool: PoolName, shard: string, attempt: number): Promise<ShardCopies>;
  copies(pool: PoolName, shard: string): Promise<ShardCopies>;
  makeWay(pool: PoolName, shard: string, to: Promotion): Promise<HandedOver>;
}

export type HandedOver =
  | { readonly kind: 'handed'; readonly to: Promotion }
  | { readonly kind: 'behind'; readonly replicas: ShardCopies['replicas'] }
  | { readonly kind: 'overtaken' };

export type Promoted =
  | { readonly kind: 'promoted'; readonly by: Promotion }
  | { readonly kind: 'not whole' }
  | { readonly kind: 'overtaken' };

export interface PromotableObject extends CopyObject {
  standing(of: Of): Promise<ReplicaStanding>;
  closeTo(of: Of, generation: number): Promise<ReplicaStanding>;
  reopen(of: Of, attempt: number): Promise<'reopened' | 'overtaken'>;
  promote(of: Of, attempt: number, by: Promotion, replication: Replication): Promise<Promoted>;
}

export interface PromotionMonitor {
  beginPromotion(shard: string): Promise<{ by: Promotion; attempt: number }>;
  closeShard(shard: string, attempt: number): Promise<'closed' | 'overtaken'>;
  /** Answers with who is the shard now. */
  promoted(shard: string, attempt: number, by: Promotion): Promise<Promotion>;
}

export interface PromotionOptions {
  readonly pool: PoolName;
  readonly shards: NamedObjects<CopyObject>;
  readonly replicas: PlacedObjects<PromotableObject>;
  readonly monitors: NamedObjects<PromotionMonitor>;
  readonly map: ShardMap;
  readonly replication: Replication;
  readonly clock: Clock;
  readonly timers: Timers;
}

const patience = { deadlineMs: 3_000, callMs: 3_000 };
/** Handing over waits for a replica to catch up. */
const handOverPatience = { deadlineMs: 8_000, callMs: 8_000 };

/** One shard's object and its replicas, each asked until it answers or is given up. */
export class ShardLine {
  readonly shard: string;
  readonly #options: PromotionOptions;

  constructor(shard: string, options: PromotionOptions) {
    this.shard = shard;
    this.#options = options;
  }

  get object(): string {
    return this.#options.map.promotionOf(this.shard)?.object ?? shardName(this.#options.pool, this.shard);
  }

  copies(): Promise<ShardCopies | Unreachable> {
    const { map, pool } = this.#options;
    const by = map.promotionOf(this.shard) ?? firstObject;
    return this.#ask(by, (shard) => shard.copies(pool, this.shard));
  }

  /** `by`: the object that is the shard, by the monitor's word. */
  standFor(by: Promotion, attempt: number): Promise<ShardCopies | Unreachable> {
    const { pool } = this.#options;
    return this.#ask(by, (shard) => shard.standFor(pool, this.shard, attempt));
  }

  handOver(by: Promotion, to: Promotion): Promise<HandedOver | Unreachable> {
    const { pool } = this.#options;
    return this.#ask(by, (shard) => shard.makeWay(pool, this.shard, to), handOverPatience);
  }

  askMonitor<Answer>(call: (monitor: PromotionMonitor) => Promise<Answer>): Promise<Answer | Unreachable> {
    return this.#persist(() => call(this.#options.monitors.getByName(this.#options.pool)));
  }

  /** The replicas that this generation of the shard has, as the configuration places them. */
  replicasOf(generation: number): ReplicaOf[] {
    const { pool, replicas, replication } = this.#options;
    const of = { pool, shard: this.shard, generation };
    const line = lineName(shardName(pool, this.shard), generation);
    return replication.places.map((place, index) => ({
      object: replicaName(line, place, index),
      jurisdiction: place.jurisdiction,
      ask: (call) => this.#persist(() => call(replicaAt(replicas, line, place, index), of)),
    }));
  }

  #ask<Answer>(by: Promotion, call: (shard: CopyObject) => Promise<Answer>, wait = patience) {
    const { pool, replicas, shards } = this.#options;
    return this.#persist(
      () =>
        call(
          by.generation === 0
            ? shards.getByName(shardName(pool, this.shard))
            : promotedObject<CopyObject>(replicas, by),
        ),
      wait,
    );
  }

  #persist<Answer>(call: () => Promise<Answer>, wait = patience): Promise<Answer | Unreachable> {
    const { clock, timers, map } = this.#options;
    return persist(call, { clock, timers, redirected: map.redirected, ...wait });
  }
}

export interface ReplicaOf {
  readonly object: string;
  readonly jurisdiction: string;
  ask<Answer>(call: (replica: PromotableObject, of: Of) => Promise<Answer>): Promise<Answer | Unreachable>;
}
