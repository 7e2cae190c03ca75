import { describe, expect, it } from 'vitest';
import { moodOf } from '../../../worker/core/panic.ts';
import { isWithinBudget } from '../../../worker/core/retry-budget.ts';

describe('the mood of a pool', () => {
  it('[PN1] is panic below half of the origins, spent below the least number, calm otherwise', () => {
    const policy = { thresholdPercent: 50, minimumOrigins: 1 };
    expect([4, 2, 1, 0].map((usable) => moodOf(usable, 4, policy))).toEqual([
      'calm',
      'calm',
      'panic',
      'spent',
    ]);
    expect(moodOf(1, 4, { ...policy, minimumOrigins: 2 })).toBe('spent');
    expect(moodOf(1, 4, { ...policy, thresholdPercent: 0 })).toBe('calm');
    expect(moodOf(0, 4, { ...policy, minimumOrigins: 0 })).toBe('panic');
  });
});

describe('the retry budget', () => {
  it('[RB1] is a fifth of the window’s requests, and three always', () => {
    const policy = { percent: 20, min: 3 };
    expect([0, 2, 3].map((retries) => isWithinBudget(retries, 5, policy))).toEqual([true, true, false]);
    expect([19, 20].map((retries) => isWithinBudget(retries, 100, policy))).toEqual([true, false]);
    expect(isWithinBudget(0, 1_000, { percent: 0, min: 0 })).toBe(false);
  });
});
