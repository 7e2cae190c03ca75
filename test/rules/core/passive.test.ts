import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterAnswer,
  neverOpened,
  onTrial,
  opened,
  phaseOf,
  trialForMs,
} from '../../../worker/core/breaker.ts';
import { Conduct, isBadAnswer, type PassivePolicy } from '../../../worker/core/passive.ts';
import { isLetIn } from '../../../worker/core/ramp.ts';
import { retryAfterMs } from '../../../worker/core/retry-after.ts';
import { isSlow, typicalAfter, TypicalTime } from '../../../worker/core/typical.ts';
import { RollingCounts, windowMs } from '../../../worker/core/window.ts';

const policy: PassivePolicy = {
  failures: 5,
  sharePercent: 50,
  minRequests: 20,
  ejectMs: 30_000,
  ejectMaxMs: 300_000,
  slowFactor: 3,
  slowStartMs: 30_000,
};
const growth = { baseMs: policy.ejectMs, maxMs: policy.ejectMaxMs };
const nobody = { all: 0, bad: 0 };
const fine = { all: 100, bad: 0 };

describe('the window', () => {
  it('[PS1] has what came in the last ten seconds, for all times, to a fifth of it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4_000), fc.boolean()), { maxLength: 60 }), (steps) => {
        const counts = new RollingCounts();
        let now = 1_000_000;
        const seen: { at: number; isBad: boolean }[] = [];
        for (const [ms, isBad] of steps) {
          now += ms;
          seen.push({ at: now, isBad });
          counts.add(now, isBad ? 1 : 0);
        }
        const { all, bad } = counts.read(now);
        const within = (ms: number) => seen.filter(({ at }) => now - at < ms);
        expect(all).toBeGreaterThanOrEqual(within(windowMs * 0.8).length);
        expect(all).toBeLessThanOrEqual(within(windowMs).length);
        expect(bad).toBeLessThanOrEqual(within(windowMs).filter(({ isBad }) => isBad).length);
      }),
    );
  });

  it('[PS1] is empty after a pause, and no clock that goes back brings it to life', () => {
    const counts = new RollingCounts();
    counts.add(50_000, 1);
    expect([counts.read(50_000), counts.read(61_000)]).toEqual([{ all: 1, bad: 1 }, nobody]);
    counts.add(40_000, 0);
    expect(counts.read(61_000)).toEqual({ all: 1, bad: 0 });
  });
});

describe('the conduct of an origin', () => {
  const afterBad = (times: number, by = (at: number) => `s${at % 2}`) => {
    const conduct = new Conduct();
    for (let at = 0; at < times; at++) conduct.bad(1_000, by(at));
    return conduct;
  };

  it('[PS2] is bad after five failures in a row, and a good answer between them begins the count anew', () => {
    expect(afterBad(4).verdict(1_000, fine, policy)).toBeUndefined();
    expect(afterBad(5).verdict(1_000, fine, policy)).toBe('failures');
    const conduct = afterBad(4);
    conduct.good(1_000);
    conduct.bad(1_000, 'x');
    expect(conduct.verdict(1_000, fine, policy)).toBeUndefined();
  });

  it('[PS3] is bad when half of at least twenty requests in ten seconds fail, though never five in a row', () => {
    const conduct = new Conduct();
    for (let at = 0; at < 9; at++) {
      conduct.good(1_000);
      conduct.bad(1_000, `s${at}`);
    }
    expect(conduct.verdict(1_000, fine, policy)).toBeUndefined();
    conduct.good(1_000);
    conduct.bad(1_000, 'other');
    expect(conduct.verdict(1_000, fine, policy)).toBe('share');
    expect(conduct.verdict(12_000, fine, policy)).toBeUndefined();
  });

  it('[PS4] is not bad by what one session alone does; requests without a session are nobody’s', () => {
    expect(afterBad(50, () => 'one').verdict(1_000, fine, policy)).toBeUndefined();
    expect(afterBad(5, () => '').verdict(1_000, fine, policy)).toBe('failures');
    const conduct = afterBad(1, () => 'another, a while ago');
    conduct.good(2_000);
    for (let at = 0; at < 50; at++) conduct.bad(60_000, 'one');
    expect(conduct.verdict(60_000, fine, policy)).toBeUndefined();
  });

  it('[PS5] is not bad when the others fail half as often: that is the application’s', () => {
    expect(afterBad(5).verdict(1_000, { all: 10, bad: 6 }, policy)).toBeUndefined();
    expect(afterBad(5).verdict(1_000, { all: 10, bad: 5 }, policy)).toBe('failures');
    expect(afterBad(5).verdict(1_000, nobody, policy)).toBe('failures');
  });

  it('[PS2][PS3] is never bad by what the operator turned off', () => {
    const off = { ...policy, failures: 0, sharePercent: 0 };
    expect(afterBad(100).verdict(1_000, fine, off)).toBeUndefined();
  });

  it('[PS6] counts a 5xx but 501 and 505, and nothing else', () => {
    const statuses = [200, 304, 404, 409, 429, 499, 500, 501, 502, 503, 504, 505, 507, 599];
    expect(statuses.filter(isBadAnswer)).toEqual([500, 502, 503, 504, 507, 599]);
  });
});

describe('the breaker', () => {
  it('[PS7] is out for 30 s, lets one trial through, and closes with its good answer', () => {
    const open = opened(neverOpened, 0, growth);
    expect([phaseOf(open, 29_999), phaseOf(open, 30_000)]).toEqual(['open', 'half-open']);
    const trial = onTrial(open, 30_000);
    expect([phaseOf(trial, 30_001), phaseOf(trial, 30_000 + trialForMs)]).toEqual(['on trial', 'half-open']);
    expect(afterAnswer(trial, 'good', 31_000, growth)).toMatchObject({ state: 'closed', closedAt: 31_000 });
  });

  it('[PS7] does not listen to what was under way when it opened', () => {
    const open = opened(neverOpened, 0, growth);
    expect(afterAnswer(open, 'good', 10, growth)).toBe(open);
    expect(afterAnswer(open, 'bad', 10, growth)).toBe(open);
  });

  it('[PS8] is out longer each time, five minutes at most, and a time is forgiven for each 30 s in good standing', () => {
    let breaker = neverOpened;
    let now = 0;
    const lengths = Array.from({ length: 12 }, () => {
      breaker = opened(breaker, now, growth);
      const from = now;
      now = breaker.setbacks.until;
      return now - from;
    });
    expect(lengths.map((ms) => ms / 1_000)).toEqual([
      30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300,
    ]);
    const forgiven = opened(breaker, now + 11 * 30_000, growth);
    expect(forgiven.setbacks.times).toBe(2);
    expect(opened(breaker, now + 3_600_000, growth).setbacks.times).toBe(1);
  });
});

describe('the typical time', () => {
  const after = (...times: number[]) => {
    const typical = new TypicalTime();
    for (const ms of times) typical.add(ms);
    return typical.ms;
  };
  const many = (ms: number, count = typicalAfter * 2) => Array.from({ length: count }, () => ms);

  it('[PS9] is known after thirty answers, and some long ones do not move it', () => {
    expect(after(...many(40, typicalAfter - 1))).toBeUndefined();
    expect(after(...many(40))).toBe(40);
    expect(after(...many(40), 30_000, 30_000, 30_000)).toBeLessThan(50);
    expect(after(...many(40), ...many(400, 100))).toBe(400);
  });

  it('[PS9] is slow at three times the median of at least two others, by 150 ms at least', () => {
    expect(isSlow(700, [100, 200], 3)).toBe(true);
    expect(isSlow(600, [100, 200], 3)).toBe(false);
    expect(isSlow(140, [10, 20], 3)).toBe(false);
    expect(isSlow(9_000, [100], 3)).toBe(false);
  });
});

describe('the slow start', () => {
  it('[PS10] lets newcomers in little by little: a tenth at once, then as time passes, and each key once for good', () => {
    const keys = Array.from({ length: 5_000 }, (_, at) => Math.imul(at, 2_654_435_761));
    const letIn = (ms: number) => keys.filter((key) => isLetIn(key, 77, ms, 30_000));
    expect(
      [0, 15_000, 27_000, 30_000].map((ms) => Math.round((letIn(ms).length / keys.length) * 10)),
    ).toEqual([1, 5, 9, 10]);
    const early = letIn(10_000);
    const late = new Set(letIn(20_000));
    expect(early.every((key) => late.has(key))).toBe(true);
    expect(isLetIn(1, 77, 0, 0)).toBe(true);
  });
});

describe('Retry-After', () => {
  it('[PS11] is seconds or a date, a minute at most; anything else is none', () => {
    const now = Date.UTC(2026, 0, 1);
    const date = new Date(now + 20_000).toUTCString();
    expect(
      ['3', ' 7 ', '3600', date, new Date(now - 5_000).toUTCString()].map((text) => retryAfterMs(text, now)),
    ).toEqual([3_000, 7_000, 60_000, 20_000, 0]);
    expect([null, '', 'soon'].map((text) => retryAfterMs(text, now))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
