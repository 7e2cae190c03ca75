import { RollingCounts, type Tallied, windowMs } from './window.ts';

export interface PassivePolicy {
  readonly failures: number;
  readonly sharePercent: number;
  readonly minRequests: number;
  readonly ejectMs: number;
  readonly ejectMaxMs: number;
  readonly slowFactor: number;
  readonly slowStartMs: number;
}

/** HAProxy's list (`observe layer7`): what an origin cannot help is not held against it. */
export function isBadAnswer(status: number): boolean {
  return status >= 500 && status !== 501 && status !== 505;
}

/** What an origin's own attempts say of it: a run of failures, and their share in the last ten seconds. */
export class Conduct {
  readonly #counts = new RollingCounts();
  #run = 0;
  #isRunVaried = false;
  #lastBy = '';
  #lastAt = Number.NEGATIVE_INFINITY;
  /** When failures came from more than one session last: what one session alone does to itself is not the origin's fault. */
  #variedAt = Number.NEGATIVE_INFINITY;

  good(now: number): void {
    this.#run = 0;
    this.#counts.add(now, 0);
  }

  /** `by`: the session that saw it; empty for a request without one, which is always another. */
  bad(now: number, by: string): void {
    this.#counts.add(now, 1);
    const isOther = by === '' || by !== this.#lastBy;
    if (isOther && now - this.#lastAt <= windowMs) this.#variedAt = now;
    this.#isRunVaried = this.#run > 0 && (this.#isRunVaried || isOther);
    this.#run += 1;
    this.#lastBy = by;
    this.#lastAt = now;
  }

  read(now: number): Tallied {
    return this.#counts.read(now);
  }

  /** Its failures have been acted upon. */
  startAgain(): void {
    this.#run = 0;
  }

  /** Why the origin should be left alone; undefined where it should not. `others`: the rest of the pool, which may do as badly. */
  verdict(now: number, others: Tallied, policy: PassivePolicy): 'failures' | 'share' | undefined {
    const own = this.read(now);
    if (!isWorse(own, others)) return undefined;
    const { failures, sharePercent, minRequests } = policy;
    if (failures > 0 && this.#run >= failures && this.#isRunVaried) return 'failures';
    const isShare = sharePercent > 0 && own.all >= minRequests && own.bad * 100 >= own.all * sharePercent;
    return isShare && this.#variedAt >= now - windowMs ? 'share' : undefined;
  }
}

/** When all fail alike, it is the application or what lies behind it: to leave one origin for another would help nobody. */
function isWorse(own: Tallied, others: Tallied): boolean {
  return own.bad * others.all >= 2 * others.bad * own.all;
}
