import type { Promotion } from '../core/promotion.ts';
import type { Lag } from '../core/replication.ts';
import type { Unreachable } from './platform.ts';

/** What a shard says of itself. */
export interface ShardCopies {
  /** How many promotions its object is from the first one. */
  readonly generation: number;
  readonly replacedBy: Promotion | undefined;
  /** The newest row of its log. */
  readonly last: number;
  readonly replicas: readonly Lag[];
}

/** What a replica says of itself. */
export interface ReplicaStanding {
  /** The generation as which it was promoted; 0 for a replica. */
  readonly generation: number;
  /** It takes nothing of objects below this generation. */
  readonly closedTo: number;
  /** Whole as of one moment: it could be the shard. */
  readonly isWhole: boolean;
  readonly seq: number;
  /** When it last heard from its shard, by the shard's clock. */
  readonly at: number;
}

export interface PromotionWish {
  /** Which of the replicas, from 1 on; undefined: the one that is furthest ahead. */
  readonly replica: number | undefined;
  /** Whether changes that only the shard had may be lost. */
  readonly loss: 'refuse' | 'accept';
}

export type PromotionSaid =
  | {
      readonly kind: 'promoted';
      readonly by: Promotion;
      /** `none`: the replica has everything that was ever acknowledged. `unknown`: not what the shard had alone after `heardAt`. */
      readonly loss: 'none' | 'unknown';
      readonly heardAt: number;
      readonly waitedMs: number;
    }
  | {
      readonly kind: 'refused';
      readonly code: 'copy_not_known_whole' | 'no_whole_copy' | 'unknown_replica' | 'overtaken';
      readonly why: string;
    }
  | Unreachable;

/** Replicas as operators see them, and their promotion (docs/decisions/008-promotion.md). */
export interface PromotionDesk {
  copies(shard: string): Promise<(ShardCopies & { readonly object: string }) | Unreachable>;
  standings(
    shard: string,
  ): Promise<readonly ((ReplicaStanding | Unreachable) & { readonly object: string })[]>;
  promote(shard: string, wish: PromotionWish): Promise<PromotionSaid>;
}
