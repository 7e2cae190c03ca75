import { firstObject, type Promotion, type Promotions, type Tenancy } from '../../worker/core/promotion.ts';

interface Kept {
  /** The first object until a promotion has come to its end. */
  readonly by: Promotion;
  /** The newest attempt to promote: its number is the generation that it would make. None is given out twice. */
  readonly attempt: number;
  /** Objects below this generation are not confirmed any more. */
  readonly closedTo: number;
}

const untouched: Kept = { by: firstObject, attempt: 0, closedTo: 0 };

/** Which of each shard's objects is the shard, where it is not the first one. A row per shard that an operator ever tried to replace. */
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
    const promoted = [...this.#kept]
      .filter(([, { by }]) => by.generation > 0)
      .map(([shard, { by }]) => [shard, by]);
    return promoted.length === 0 ? {} : { promoted: Object.fromEntries(promoted) };
  }

  /** Whether the object that asks is the shard. One of which nobody has recorded the promotion is not, yet. */
  tenancy(shard: string, { generation, object }: Promotion): Tenancy {
    const { by, closedTo } = this.#of(shard);
    if (by.generation > generation || (by.generation === generation && by.object !== object))
      return { kind: 'replaced', by };
    return by.generation < generation || generation < closedTo ? { kind: 'closing' } : { kind: 'held' };
  }

  /** A new attempt. Every earlier one is given up with it. */
  begin(shard: string): { by: Promotion; attempt: number } {
    const { by, attempt } = this.#of(shard);
    this.#keep(shard, { by, attempt: attempt + 1, closedTo: by.generation });
    return { by, attempt: attempt + 1 };
  }

  /** Of an attempt that still stands: nobody below it is confirmed any more. */
  close(shard: string, attempt: number): 'closed' | 'overtaken' {
    const kept = this.#of(shard);
    if (kept.attempt !== attempt) return 'overtaken';
    this.#keep(shard, { ...kept, closedTo: attempt });
    return 'closed';
  }

  /** False where the attempt does not stand any more, or has come to its end before. */
  promote(shard: string, attempt: number, by: Promotion): boolean {
    const kept = this.#of(shard);
    if (kept.attempt !== attempt || kept.by.generation >= by.generation) return false;
    this.#keep(shard, { ...kept, by, closedTo: by.generation });
    return true;
  }

  by(shard: string): Promotion {
    return this.#of(shard).by;
  }

  #of(shard: string): Kept {
    return this.#kept.get(shard) ?? untouched;
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
