import { firstObject, type Promotion, type Promotions, type Tenancy } from '../../worker/core/promotion.ts';

interface Kept {
  /** Absent until the first promotion has come to its end. */
  readonly by?: Promotion;
  /** Objects below this generation are not confirmed any more. */
  readonly closedTo: number;
}

/** Which of each shard's objects is the shard, where it is not the first one. A row per shard that was ever promoted. */
export class PromotionBook {
  readonly #sql: SqlStorage;
  readonly #kept = new Map<string, Kept>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      'CREATE TABLE IF NOT EXISTS promotion (shard TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID',
    );
    for (const { shard, body } of sql.exec<{ shard: string; body: string }>(
      'SELECT shard, body FROM promotion',
    ))
      this.#kept.set(shard, JSON.parse(body) as Kept);
  }

  /** For the snapshot: nothing at all where nothing was promoted. */
  get told(): { promoted?: Promotions } {
    const promoted = [...this.#kept].flatMap(([shard, { by }]) =>
      by === undefined ? [] : [[shard, by] as const],
    );
    return promoted.length === 0 ? {} : { promoted: Object.fromEntries(promoted) };
  }

  /** Whether the object that asks is the shard. One of which nobody has recorded the promotion is not, yet. */
  tenancy(shard: string, { generation, object }: Promotion): Tenancy {
    const { by = firstObject, closedTo = 0 } = this.#kept.get(shard) ?? {};
    if (by.generation > generation || (by.generation === generation && by.object !== object))
      return { kind: 'replaced', by };
    return by.generation < generation || generation < closedTo ? { kind: 'closing' } : { kind: 'held' };
  }

  promotionOf(shard: string): Promotion | undefined {
    return this.#kept.get(shard)?.by;
  }

  /** Objects below this generation are not confirmed any more; a lower number takes that back, as far as nothing was promoted. */
  closeTo(shard: string, generation: number): void {
    const { by, ...rest } = this.#kept.get(shard) ?? { closedTo: 0 };
    const closedTo = Math.max(generation, by?.generation ?? 0);
    this.#keep(shard, { ...rest, ...(by === undefined ? {} : { by }), closedTo });
  }

  /** False where a promotion of this generation or a later one is there already. */
  promote(shard: string, by: Promotion): boolean {
    const known = this.#kept.get(shard)?.by;
    if (known !== undefined && known.generation >= by.generation) return false;
    this.#keep(shard, { by, closedTo: by.generation });
    return true;
  }

  #keep(shard: string, kept: Kept): void {
    this.#kept.set(shard, kept);
    this.#sql.exec(
      'INSERT OR REPLACE INTO promotion (shard, body) VALUES (?, ?)',
      shard,
      JSON.stringify(kept),
    );
  }
}
