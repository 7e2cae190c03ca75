import { describe, expect, it } from 'vitest';
import { decide, type View } from '../../../worker/core/decide.ts';
import type { Identity } from '../../../worker/core/identity.ts';
import { trustIn } from '../../../worker/core/snapshot.ts';
import { a, b, session, startS } from '../visit.ts';

const known: Identity = {
  kind: 'known',
  session,
  home: a,
  epoch: 3,
  incarnation: 2,
  startedS: startS,
  renewedS: startS,
};

function view({
  trust = 'fresh',
  usable = true,
  incarnation = 2,
  ejected = false,
}: {
  trust?: View['trust'];
  usable?: boolean;
  incarnation?: number;
  ejected?: boolean;
}): View {
  return {
    snapshot: { version: 7, origins: { [a]: { health: usable ? 'up' : 'down', incarnation } } },
    trust,
    has: () => true,
    usable: () => usable,
    ejected: () => ejected,
    mood: 'calm',
    drilled: () => false,
    place: () => b,
    placeNew: () => b,
  };
}

describe('the decision for a cookie', () => {
  it.each([
    ['[DC1] home usable, snapshot fresh, incarnation the same: nobody is asked', {}, { kind: 'steady' }],
    [
      '[DC1] a snapshot between one and five seconds old is still good enough',
      { trust: 'refresh' },
      { kind: 'steady' },
    ],
    [
      '[DC2] the incarnation has risen: the map must confirm',
      { incarnation: 3 },
      { kind: 'confirm', why: 'map_confirms' },
    ],
    [
      '[DC2] the incarnation is lower than the cookie’s: the map must confirm',
      { incarnation: 1 },
      { kind: 'confirm', why: 'map_confirms' },
    ],
    [
      '[DC3] the snapshot is stale: the map must confirm',
      { trust: 'stale' },
      { kind: 'confirm', why: 'map_confirms' },
    ],
    ['[DC4] home cannot be used: it is left', { usable: false }, { kind: 'leave', why: 'home_down' }],
    [
      '[DC4] home answers badly: it is left, and the reason says so',
      { usable: false, ejected: true },
      { kind: 'leave', why: 'home_ejected' },
    ],
    [
      '[DC4] home cannot be used and the snapshot is stale: it is left',
      { usable: false, trust: 'stale' },
      { kind: 'leave', why: 'home_down' },
    ],
    [
      '[DC4] home cannot be used and its incarnation has risen: it is left',
      { usable: false, incarnation: 3 },
      { kind: 'leave', why: 'home_down' },
    ],
  ] as const)('%s', (_rule, seen, decision) => {
    expect(decide(known, view(seen))).toEqual(decision);
  });

  it('[DC2] an origin that nobody has heard of counts as up, with incarnation 0', () => {
    const unheard: View = { ...view({}), snapshot: { version: 0, origins: {} } };
    expect(decide({ ...known, incarnation: 0 }, unheard)).toEqual({ kind: 'steady' });
    expect(decide(known, unheard)).toEqual({ kind: 'confirm', why: 'map_confirms' });
  });
});

describe('the decision for everybody else', () => {
  it('[DC5] of a learned key only the map knows the home', () => {
    expect(decide({ kind: 'keyed', session, placeKey: 1 }, view({}))).toEqual({
      kind: 'confirm',
      why: 'map_names_home',
    });
  });

  it('[DC6] without a session a place is drawn, with the reason why there is none', () => {
    expect(decide({ kind: 'new', reason: 'cookie_forged' }, view({}))).toEqual({
      kind: 'place',
      why: 'cookie_forged',
    });
    expect(decide({ kind: 'stateless' }, view({}))).toEqual({ kind: 'place', why: 'no_key' });
  });
});

describe('trust in a snapshot', () => {
  it.each([
    [0, 'fresh'],
    [1_000, 'fresh'],
    [1_001, 'refresh'],
    [5_000, 'refresh'],
    [5_001, 'stale'],
    [Number.POSITIVE_INFINITY, 'stale'],
  ])('[SN11] at an age of %i ms it is %s', (ageMs, trust) => {
    expect(trustIn(ageMs)).toBe(trust);
  });
});
