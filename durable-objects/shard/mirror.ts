import { mirrorKey } from '../../worker/core/page.ts';
import { inWaves } from '../waves.ts';
import type { ShardName } from './address.ts';

/** KV takes one write per second and key, and each is billed: a page's copy is at most this often renewed. */
const mirrorEveryMs = 55_000;
const kvPauseMs = 1_100;
const shortestTtlS = 60;

/** Copies of rewritten pages for the day on which the shard is away. Failing never hurts: KV is the last layer. */
export class Mirror {
  readonly #kv: KVNamespace;
  readonly #page: (bucket: number) => ArrayBuffer | undefined;
  readonly #name: () => ShardName;
  /** The buckets that KV does not know the newest page of, with the time at which the last session of each ends. */
  readonly #due = new Map<number, number>();
  readonly #writtenAt = new Map<number, number>();
  readonly #underWay = new Set<Promise<void>>();
  #complained = false;

  constructor(kv: KVNamespace, page: (bucket: number) => ArrayBuffer | undefined, name: () => ShardName) {
    this.#kv = kv;
    this.#page = page;
    this.#name = name;
  }

  get hasDue(): boolean {
    return this.#due.size > 0;
  }

  rewritten(bucket: number, endsAt: number): void {
    this.#due.set(bucket, endsAt);
  }

  async write(now: number): Promise<void> {
    const { pool, shard } = this.#name();
    const ready = [...this.#due].filter(
      ([bucket]) => now - (this.#writtenAt.get(bucket) ?? 0) >= mirrorEveryMs,
    );
    for (const [bucket] of ready) {
      this.#due.delete(bucket);
      this.#writtenAt.set(bucket, now);
    }
    try {
      // A few at once, each read when its turn comes: all pages of a large shard would not fit into memory.
      await inWaves(ready, ([bucket, endsAt]) =>
        this.#counted(this.#put(mirrorKey(pool, shard, bucket), bucket, endsAt, now)),
      );
    } catch (error) {
      if (!this.#complained) console.error(`Cannot mirror pages of ${pool}:${shard} to KV: ${String(error)}`);
      this.#complained = true;
    }
  }

  async #counted(put: Promise<void>): Promise<void> {
    this.#underWay.add(put);
    try {
      await put;
    } finally {
      this.#underWay.delete(put);
    }
  }

  /** Writes these copies anew at once, whenever they were last written: what was erased must not be read from an older one. Throws when KV does. */
  async renew(buckets: ReadonlySet<number>, endsAt: number): Promise<void> {
    const { pool, shard } = this.#name();
    const now = Date.now();
    // A copy that is on its way holds an older page, and must not land last.
    await Promise.allSettled(this.#underWay);
    await inWaves([...buckets], (bucket) =>
      this.#putTwice(mirrorKey(pool, shard, bucket), bucket, endsAt, now),
    );
    for (const bucket of buckets) this.#due.delete(bucket);
  }

  /** Copies that are about to be renewed are left alone meanwhile: KV takes one write per second and key. */
  reserve(buckets: ReadonlySet<number>): void {
    for (const bucket of buckets) this.#writtenAt.set(bucket, Date.now());
  }

  /** The write before it may have been less than a second ago. */
  async #putTwice(key: string, bucket: number, endsAt: number, now: number): Promise<void> {
    try {
      await this.#put(key, bucket, endsAt, now);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, kvPauseMs));
      await this.#put(key, bucket, endsAt, now);
    }
  }

  async #put(key: string, bucket: number, endsAt: number, now: number): Promise<void> {
    const body = this.#page(bucket);
    if (body === undefined) return this.#kv.delete(key);
    const expirationTtl = Math.max(shortestTtlS, Math.ceil((endsAt - now) / 1000));
    await this.#kv.put(key, body, { expirationTtl, metadata: { at: now } });
  }
}
