import { beforeEach, describe, expect, it } from 'vitest';
import type { Suspicions } from '../../../worker/ports.ts';
import { createSuspicions } from '../../../worker/stores/suspicions.ts';
import { a, b } from '../visit.ts';

const forMs = 14_000;
let suspicions: Suspicions;

beforeEach(() => {
  suspicions = createSuspicions({ baseMs: forMs, maxMs: 30_000 });
});

describe('a suspicion', () => {
  it('[SU1] is of one origin, and news only once', () => {
    expect(suspicions.isSuspect(a, 0)).toBe(false);
    expect(suspicions.suspect(a, 0)).toBe('newly');
    expect(suspicions.suspect(a, 1)).toBe('already');
    expect([suspicions.isSuspect(a, 1), suspicions.isSuspect(b, 1)]).toEqual([true, false]);
  });

  it('[SU2] ends by itself when the monitor has had the time to find out, and is news again after that', () => {
    suspicions.suspect(a, 0);
    expect([suspicions.isSuspect(a, forMs - 1), suspicions.isSuspect(a, forMs)]).toEqual([true, false]);
    expect(suspicions.suspect(a, forMs)).toBe('newly');
  });

  it('[SU3] that is confirmed lasts longer, and still began when it began', () => {
    suspicions.suspect(a, 0);
    suspicions.suspect(a, 10_000);
    expect(suspicions.isSuspect(a, 20_000)).toBe(true);
    expect(suspicions.since(a, 20_000)).toBe(0);
    expect(suspicions.since(a, 24_000)).toBeUndefined();
  });

  it('[SU4] ends at once when the origin is trusted again', () => {
    suspicions.suspect(a, 0);
    suspicions.trust(a, 0);
    expect([suspicions.isSuspect(a, 1), suspicions.since(a, 1)]).toEqual([false, undefined]);
  });

  it('[SU5] of an origin that flaps lasts longer each time, up to a limit, and is forgiven little by little', () => {
    const lasts = (from: number) => {
      suspicions.suspect(a, from);
      for (let ms = 1_000; ; ms += 1_000) if (!suspicions.isSuspect(a, from + ms)) return ms;
    };
    expect([lasts(0), lasts(14_000), lasts(42_000), lasts(72_000)]).toEqual([14_000, 28_000, 30_000, 30_000]);
    expect(lasts(102_000 + 3 * forMs)).toBe(28_000);
    expect(lasts(1_000_000)).toBe(14_000);
  });

  it('[SU5] that ended early because the origin answered counts too', () => {
    suspicions.suspect(a, 0);
    suspicions.trust(a, 1_000);
    suspicions.suspect(a, 2_000);
    expect([suspicions.isSuspect(a, 29_999), suspicions.isSuspect(a, 30_000)]).toEqual([true, false]);
  });
});
