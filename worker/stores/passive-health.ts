import type { PoolConfig } from '../config/config.ts';
import { afterAnswer, type Breaker, neverOpened, onTrial, opened, phaseOf } from '../core/breaker.ts';
import { murmur3 } from '../core/hash.ts';
import { type OriginId, originId } from '../core/ids.ts';
import { Conduct, isBadAnswer } from '../core/passive.ts';
import { isLetIn } from '../core/ramp.ts';
import { originSeed } from '../core/rendezvous.ts';
import { retryAfterMs } from '../core/retry-after.ts';
import { isWithinBudget } from '../core/retry-budget.ts';
import type { Registered } from '../core/snapshot.ts';
import { isSlow, noticeableMs, TypicalTime } from '../core/typical.ts';
import { RollingCounts, type Tallied } from '../core/window.ts';
import type { Answered, Counters, Passive } from '../ports.ts';

/** What one isolate has seen of one origin. */
interface Seen {
  readonly id: OriginId;
  readonly hash: number;
  readonly mayBeAtOnce: number;
  readonly conduct: Conduct;
  readonly typical: TypicalTime;
  breaker: Breaker;
  readonly underWay: Set<{ readonly from: number }>;
  busyUntil: number;
  slowUntil: number;
  looksAtTime: number;
}

/** So many answers go by between two looks at an origin's times. */
const timesEvery = 64;
/** The runtime lets a request live so long beyond its client; one that it cancels then never says that it is over. */
const cancelledAfterMs = 30_000;

/** What this isolate's own requests say of the pool's origins. Pure decisions are in core/; here is what they are about. */
export class PassiveHealth implements Passive {
  readonly #pool: PoolConfig;
  readonly #counters: Counters;
  readonly #records: Map<OriginId, Seen>;
  readonly #configured: ReadonlySet<OriginId>;
  readonly #retries = new RollingCounts();
  #opened = 0;

  constructor(pool: PoolConfig, counters: Counters) {
    this.#pool = pool;
    this.#counters = counters;
    this.#configured = new Set(pool.origins.map(({ id }) => originId(id)));
    this.#records = new Map(pool.origins.map((origin) => [originId(origin.id), recordOf(origin)]));
  }

  get isAnyOpen(): boolean {
    return this.#opened > 0;
  }

  keepTo(registered: Registered | undefined): void {
    for (const [id, { breaker }] of this.#records) {
      if (this.#configured.has(id) || registered?.[id] !== undefined) continue;
      if (breaker.state === 'open') this.#opened -= 1;
      this.#records.delete(id);
    }
  }

  phase(origin: OriginId, now: number) {
    const record = this.#records.get(origin);
    return record === undefined ? 'closed' : phaseOf(record.breaker, now);
  }

  try(origin: OriginId, now: number): void {
    const record = this.#records.get(origin);
    if (record !== undefined) record.breaker = onTrial(record.breaker, now);
  }

  answered(origin: OriginId, { status, headers, tookMs, now, by }: Answered): void {
    const record = this.#of(origin);
    if (status === 503 && this.#isBusy(record, headers, now)) return;
    if (isBadAnswer(status)) return this.#bad(record, now, by);
    record.conduct.good(now);
    if (record.breaker.state === 'open') this.#settle(record, 'good', now);
    this.#time(record, tookMs, now);
  }

  failed(origin: OriginId, now: number, by: string): void {
    this.#bad(this.#of(origin), now, by);
  }

  acted(origin: OriginId): void {
    this.#records.get(origin)?.conduct.startAgain();
  }

  begin(origin: OriginId, now: number): () => void {
    const { underWay } = this.#of(origin);
    const trip = { from: now };
    underWay.add(trip);
    return () => void underWay.delete(trip);
  }

  isFull(origin: OriginId, now: number): boolean {
    const record = this.#records.get(origin);
    if (record === undefined || record.mayBeAtOnce === 0) return false;
    const { underWay, mayBeAtOnce } = record;
    if (underWay.size < mayBeAtOnce) return false;
    const longAgo = now - this.#pool.attempts.headersMs - cancelledAfterMs;
    for (const trip of underWay) if (trip.from < longAgo) underWay.delete(trip);
    return underWay.size >= mayBeAtOnce;
  }

  welcomes(origin: OriginId, key: number, returnedAt: number | undefined, now: number): boolean {
    const record = this.#of(origin);
    if (record.busyUntil > now || record.slowUntil > now) return false;
    if (this.isFull(origin, now)) return false;
    const since = Math.max(returnedAt ?? 0, record.breaker.closedAt ?? 0);
    return isLetIn(key, record.hash, now - since, this.#pool.passive.slowStartMs);
  }

  mayRetry(now: number): boolean {
    const requests = this.#total(now).all;
    const retries = this.#retries.read(now).all;
    return isWithinBudget(retries, requests - retries, this.#pool.attempts.retryBudget);
  }

  retried(now: number): void {
    this.#retries.add(now, 0);
  }

  seen(origin: OriginId, now: number) {
    const record = this.#records.get(origin);
    const { all, bad } = record?.conduct.read(now) ?? { all: 0, bad: 0 };
    return {
      breaker: this.phase(origin, now),
      attempts: all,
      failures: bad,
      typicalMs: record?.typical.ms === undefined ? null : Math.round(record.typical.ms),
      isSlow: (record?.slowUntil ?? 0) > now,
      isBusy: (record?.busyUntil ?? 0) > now,
    };
  }

  /** An origin that has registered itself is met here for the first time. */
  #of(origin: OriginId): Seen {
    const known = this.#records.get(origin);
    if (known !== undefined) return known;
    const record = recordOf({ id: origin, maxConcurrent: 0 });
    this.#records.set(origin, record);
    return record;
  }

  #bad(record: Seen, now: number, by: string): void {
    record.conduct.bad(now, by);
    if (record.breaker.state === 'open') return this.#settle(record, 'bad', now);
    const verdict = record.conduct.verdict(now, this.#total(now, record), this.#pool.passive);
    if (verdict === undefined || this.#opened + 1 > this.#records.size / 2) return;
    record.breaker = opened(record.breaker, now, this.#growth);
    record.conduct.startAgain();
    this.#opened += 1;
    this.#counters.add(`origin_ejected.${record.id}.${verdict}`);
  }

  #settle(record: Seen, answer: 'good' | 'bad', now: number): void {
    record.breaker = afterAnswer(record.breaker, answer, now, this.#growth);
    if (record.breaker.state === 'closed') this.#opened -= 1;
  }

  /** A 503 with `Retry-After` is an origin that knows what it does: it is spared newcomers for as long, and nothing is held against it. */
  #isBusy(record: Seen, headers: Headers, now: number): boolean {
    const forMs = retryAfterMs(headers.get('retry-after'), now);
    if (forMs !== undefined) record.busyUntil = now + forMs;
    return forMs !== undefined;
  }

  #time(record: Seen, tookMs: number, now: number): void {
    record.typical.add(tookMs);
    record.looksAtTime = (record.looksAtTime + 1) % timesEvery;
    if (record.looksAtTime !== 0) return;
    const mine = record.typical.ms ?? 0;
    const { slowFactor, ejectMs } = this.#pool.passive;
    if (mine <= noticeableMs || slowFactor === 0 || record.slowUntil > now) return;
    if (!isSlow(mine, this.#timesBut(record), slowFactor) || this.#slowOnes(now) + 1 > this.#records.size / 2)
      return;
    // Spared newcomers it may have nothing to show: it is judged anew after that.
    record.slowUntil = now + ejectMs;
    record.typical.forget();
    this.#counters.add(`origin_slow.${record.id}`);
  }

  #timesBut(record: Seen): number[] {
    return [...this.#records.values()].flatMap((other) =>
      other === record || other.typical.ms === undefined ? [] : [other.typical.ms],
    );
  }

  #slowOnes(now: number): number {
    return [...this.#records.values()].filter(({ slowUntil }) => slowUntil > now).length;
  }

  #total(now: number, but?: Seen): Tallied {
    const sum = { all: 0, bad: 0 };
    for (const record of this.#records.values()) {
      if (record === but) continue;
      const { all, bad } = record.conduct.read(now);
      sum.all += all;
      sum.bad += bad;
    }
    return sum;
  }

  get #growth() {
    const { ejectMs, ejectMaxMs } = this.#pool.passive;
    return { baseMs: ejectMs, maxMs: ejectMaxMs };
  }
}

function recordOf({ id, maxConcurrent }: { readonly id: string; readonly maxConcurrent: number }): Seen {
  return {
    id: originId(id),
    hash: murmur3(id, originSeed),
    mayBeAtOnce: maxConcurrent,
    conduct: new Conduct(),
    typical: new TypicalTime(),
    breaker: neverOpened,
    underWay: new Set(),
    busyUntil: 0,
    slowUntil: 0,
    looksAtTime: 0,
  };
}
