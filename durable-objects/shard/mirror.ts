import { type Entry, encodePage, mirrorKey } from '../../worker/core/page.ts';

/** KV takes one write per second and key, and each is billed: a page's copy is at most this often renewed. */
const mirrorEveryMs = 55_000;
const shortestTtlS = 60;

/** Copies of rewritten pages for the day on which the shard is away. Failing never hurts: KV is the last layer. */
export class Mirror {
  readonly #kv: KVNamespace;
  readonly #due = new Map<number, readonly Entry[]>();
  readonly #writtenAt = new Map<number, number>();
  #complained = false;

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  get hasDue(): boolean {
    return this.#due.size > 0;
  }

  rewritten(pages: ReadonlyMap<number, readonly Entry[]>): void {
    for (const [bucket, entries] of pages) this.#due.set(bucket, entries);
  }

  async write(pool: string, shard: string, now: number): Promise<void> {
    const ready = [...this.#due].filter(([bucket]) => now - (this.#writtenAt.get(bucket) ?? 0) >= mirrorEveryMs);
    for (const [bucket] of ready) {
      this.#due.delete(bucket);
      this.#writtenAt.set(bucket, now);
    }
    try {
      await Promise.all(ready.map(([bucket, entries]) => this.#put(mirrorKey(pool, shard, bucket), entries, now)));
    } catch (error) {
      if (!this.#complained) console.error(`Cannot mirror pages of ${pool}:${shard} to KV: ${String(error)}`);
      this.#complained = true;
    }
  }

  async #put(key: string, entries: readonly Entry[], now: number): Promise<void> {
    if (entries.length === 0) return this.#kv.delete(key);
    const endsAt = Math.max(...entries.map(({ slot }) => (slot.kind === 'row' ? slot.row.endsAt : slot.endsAt)));
    const expirationTtl = Math.max(shortestTtlS, Math.ceil((endsAt - now) / 1000));
    await this.#kv.put(key, encodePage(entries), { expirationTtl });
  }
}
