import { describe, expect, it } from 'vitest';
import { whyNotSafe } from '../../../worker/core/drain.ts';
import { afterOrder, mayOrder, nothingOrdered, type Order, told } from '../../../worker/core/operation.ts';
import { a } from '../visit.ts';

const drain = { kind: 'state', origin: a, state: 'draining', by: 'operator', deadlineMs: 1_000 } as const;
const draining = afterOrder(nothingOrdered, drain, 5_000);

describe('an order', () => {
  it('[OS1] is told with its deadline and weight, and where nothing is ordered nothing is told', () => {
    expect(told(nothingOrdered)).toEqual({});
    expect(told(draining)).toEqual({ state: 'draining', until: 6_000 });
    const weighed = afterOrder(nothingOrdered, { kind: 'weight', origin: a, weight: 0 }, 0);
    expect(told(weighed)).toEqual({ weight: 0 });
    const configured: Order = { kind: 'weight', origin: a, weight: 'configured' };
    expect(told(afterOrder(weighed, configured, 0))).toEqual({});
  });

  it('[OS1] that is given again keeps its beginning and has a new deadline', () => {
    expect(afterOrder(draining, drain, 9_000)).toMatchObject({ since: 5_000, until: 10_000 });
  });

  it.each([
    ['a wish of the origin begins a drain', nothingOrdered, 'draining', 'origin', true],
    ['and undoes nothing that was ordered', { ...draining, state: 'down' }, 'draining', 'origin', false],
    ['an origin ends no drain of the operator’s', draining, 'active', 'health', false],
    ['the health path ends its own', { ...draining, by: 'health' }, 'active', 'health', true],
    ['and not the origin’s', { ...draining, by: 'origin' }, 'active', 'health', false],
    ['an operator may order anything', { ...draining, by: 'origin' }, 'active', 'operator', true],
  ] as const)('[OS6] %s', (_what, before, state, by, may) => {
    expect(mayOrder(before, { state, by })).toBe(may);
  });
});

describe('whether an origin may be stopped', () => {
  const quiet = { inFlight: 0, quietMs: 3_000 };
  const nobody = { moved: 7, left: 0, withoutData: 0 };
  const drained = { orderedMs: 2_000, pass: nobody, before: quiet, after: quiet, isLong: 'no' } as const;

  it.each([
    ['nobody lives there, and it was quiet before and after', {}, undefined],
    ['not before every edge knows', { orderedMs: 1_999 }, 'not every edge knows of the drain yet'],
    ['not while a session lives there', { pass: { ...nobody, left: 2 } }, '2 sessions live there'],
    [
      'not while a request is in flight',
      { after: { inFlight: 3, quietMs: 0 } },
      '3 requests are in flight there',
    ],
    [
      'not while an answer may not be stored yet',
      { before: { inFlight: 0, quietMs: 2_499 } },
      'its last answer may not be stored yet',
    ],
    [
      'not when a request has come meanwhile',
      { after: { inFlight: 0, quietMs: 40 } },
      'a request has come meanwhile',
    ],
    ['not when it does not say', { before: 'unknown' }, 'it does not say what is in flight there'],
    [
      'once a request that it does not tell of must be over',
      { before: 'unknown', after: 'unknown', isLong: 'yes' },
      undefined,
    ],
    ['when it serves nobody', { before: 'gone', after: 'gone' }, undefined],
  ] as const)('[DN4] %s', (_what, other, why) => {
    expect(whyNotSafe({ ...drained, ...other })).toBe(why);
  });
});
