import { describe, expect, it } from 'vitest';
import {
  type Beginning,
  incidentOf,
  isSame,
  recoveryOf,
  symptomOf,
  withTally,
} from '../../../worker/core/incident.ts';
import { begins, noToll, shifted, type Tally, together } from '../../../worker/core/tally.ts';
import { a } from '../visit.ts';

const beginning: Beginning = {
  kind: 'failure',
  origin: a,
  detectedBy: 'probe',
  how: 'refused',
  said: 'Network connection lost.',
  firstFailureAt: 10_000,
  detectedAt: 15_000,
};
const incident = incidentOf(1, beginning);

const tally = (more: Partial<Tally> = {}): Tally => ({
  origin: a,
  drill: undefined,
  failure: undefined,
  heardAt: undefined,
  success: undefined,
  toll: noToll,
  ...more,
});
const failure = { how: 'silent', firstAt: 9_000, knownAt: 9_700, lastAt: 11_000, isSuspect: true } as const;

describe('the time that recovery took', () => {
  it('[IN3] T is detection + propagation + look-up', () => {
    const success = { firstAt: 10_500, lookUpMs: 80, slowestMs: 80 };
    const seen = withTally(incident, tally({ failure, heardAt: 10_200, success }));
    expect(recoveryOf(seen)).toEqual({ detectionMs: 700, propagationMs: 500, lookUpMs: 80, totalMs: 1_280 });
  });

  it('[IN3] what nobody has seen is null, and without a success elsewhere there is no T', () => {
    expect(recoveryOf(incident)).toEqual({
      detectionMs: 5_000,
      propagationMs: null,
      lookUpMs: null,
      totalMs: null,
    });
  });

  it('[IN3] whoever knew earliest has detected it, in whichever order they tell', () => {
    const seen = withTally(incident, tally({ failure }));
    expect(seen).toMatchObject({
      detectedBy: 'request',
      how: 'silent',
      detectedAt: 9_700,
      firstFailureAt: 9_000,
    });
    const late = { ...failure, how: 'reset', firstAt: 16_000, knownAt: 16_100 } as const;
    expect(withTally(seen, tally({ failure: late }))).toMatchObject({ how: 'silent', detectedAt: 9_700 });
  });

  it('[IN3] propagation lasts until the last of those who had visitors has heard; news of an earlier failure is no news', () => {
    const heard = [10_400, 10_900, 10_100, 8_000].reduce(
      (seen, heardAt) => withTally(seen, tally({ heardAt })),
      withTally(incident, tally({ failure })),
    );
    expect(recoveryOf(heard).propagationMs).toBe(1_200);
  });

  it('[IN3] the first success says the look-up, whoever tells it first; the slowest is known beside it', () => {
    const one = tally({ success: { firstAt: 200, lookUpMs: 30, slowestMs: 90 } });
    const other = tally({ success: { firstAt: 100, lookUpMs: 40, slowestMs: 50 } });
    const first = { firstAt: 100, lookUpMs: 40, slowestMs: 90 };
    expect(withTally(withTally(incident, one), other).success).toEqual(first);
    expect(withTally(withTally(incident, other), one).success).toEqual(first);
    expect(together(one, other).success).toEqual(first);
  });
});

describe('what an isolate tells', () => {
  it('[IN4] is read by the clock of who reads it', () => {
    const told = tally({ failure, heardAt: 10_000, success: { firstAt: 11_000, lookUpMs: 1, slowestMs: 1 } });
    expect(shifted(told, -500)).toMatchObject({
      failure: { firstAt: 8_500, knownAt: 9_200, lastAt: 10_500 },
      heardAt: 9_500,
      success: { firstAt: 10_500 },
    });
    expect(shifted(tally(), 5)).toEqual(tally());
  });

  it('[IN4] of one origin is added up before it is told', () => {
    const toll = { moved: 2, restored: 1, empty: 1, rescued: 3, failed: 1, stayed: 0, lostWrites: 1 };
    const later = { ...failure, how: 'refused', firstAt: 9_500, knownAt: 9_600, lastAt: 20_000 } as const;
    const both = together(tally({ toll, failure, heardAt: 5 }), tally({ toll, failure: later, heardAt: 9 }));
    expect(both.toll).toEqual({
      moved: 4,
      restored: 2,
      empty: 2,
      rescued: 6,
      failed: 2,
      stayed: 0,
      lostWrites: 2,
    });
    expect(both.failure).toEqual({
      how: 'refused',
      firstAt: 9_000,
      knownAt: 9_600,
      lastAt: 20_000,
      isSuspect: true,
    });
    expect(both.heardAt).toBe(5);
  });
});

describe('an incident', () => {
  it('[IN5] begins with a suspicion or with a session that moved, not with one request that failed', () => {
    const alone = { ...failure, isSuspect: false };
    expect(begins(tally({ failure }))).toBe(true);
    expect(begins(tally({ toll: { ...noToll, moved: 1 } }))).toBe(true);
    expect(begins(tally({ failure: alone, toll: { ...noToll, failed: 1 } }))).toBe(false);
    expect(begins(tally({ toll: { ...noToll, lostWrites: 1 } }))).toBe(false);
  });

  it('[IN5] goes on with a failure within twenty seconds of its end, and news of it is measured anew', () => {
    const over = { ...incident, endedAt: 20_000 };
    expect([isSame(incident, 9e9), isSame(over, 40_000), isSame(over, 40_001)]).toEqual([true, true, false]);
    expect(withTally(over, tally({ failure: { ...failure, lastAt: 21_000 } })).endedAt).toBeNull();
    expect(withTally(over, tally({ failure })).endedAt).toBe(20_000);
    const again = { ...failure, firstAt: 30_000, knownAt: 30_700, lastAt: 31_000 };
    const heard = withTally({ ...over, heardAt: 15_200 }, tally({ failure: again, heardAt: 31_200 }));
    expect(recoveryOf(heard)).toMatchObject({ detectionMs: 5_000, propagationMs: 500 });
    expect(recoveryOf(withTally(over, tally({ failure: again }))).propagationMs).toBeNull();
  });

  it.each([
    ['status 503', 'status'],
    ['The operation was aborted due to timeout', 'silent'],
    ['Network connection lost.', 'refused'],
  ])('[IN5] a probe that says %j has found it %s', (said, symptom) => {
    expect(symptomOf(said)).toBe(symptom);
  });

  it('[DR3] of a drill keeps the beginning that its operator gave it', () => {
    const drill = incidentOf(2, { ...beginning, kind: 'drill', detectedBy: 'drill', how: 'drill' });
    const toll = { ...noToll, moved: 1 };
    expect(withTally(drill, tally({ failure, toll }))).toEqual({ ...drill, toll });
  });
});
