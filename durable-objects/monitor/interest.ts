/** A pool that nobody visits is not probed. */
const restAfterMs = 600_000;
const keptEveryMs = 60_000;

/** When the pool was last asked for: as long as somebody visits it, it is probed. */
export class Interest {
  readonly #kept: DurableObjectStorage['kv'];
  readonly #pool: string | undefined;
  #askedAt: number;
  #keptAt: number;

  /** The name of the pool is kept for when the object wakes without being asked by it. */
  constructor(kept: DurableObjectStorage['kv'], pool: string | undefined) {
    this.#kept = kept;
    this.#pool = pool;
    this.#askedAt = kept.get<number>('askedAt') ?? 0;
    this.#keptAt = this.#askedAt;
  }

  get askedAt(): number {
    return this.#askedAt;
  }

  isThere(now: number): boolean {
    return now - this.#askedAt <= restAfterMs;
  }

  asked(now: number): void {
    this.#askedAt = now;
    if (now - this.#keptAt < keptEveryMs) return;
    this.#keptAt = now;
    this.#kept.put('askedAt', now);
    if (this.#pool !== undefined) this.#kept.put('pool', this.#pool);
  }
}
