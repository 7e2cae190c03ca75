import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Holding, transfersOf } from '../../../worker/core/balance.ts';

const holding = (origin: string, sessions: number, weight = 1): Holding => ({ origin, sessions, weight });

function after(holdings: readonly Holding[]): Holding[] {
  const transfers = transfersOf(holdings);
  return holdings.map((one) => {
    const [out, into] = (['from', 'to'] as const).map((side) =>
      transfers
        .filter((transfer) => transfer[side] === one.origin)
        .reduce((sum, { sessions }) => sum + sessions, 0),
    );
    return { ...one, sessions: one.sessions - (out ?? 0) + (into ?? 0) };
  });
}

describe('who gives how many to whom', () => {
  it('[BA1] a new origin is given its share by those who have more than theirs', () => {
    expect(transfersOf([holding('a', 60), holding('b', 60), holding('c', 0)])).toEqual([
      { from: 'a', to: 'c', sessions: 20 },
      { from: 'b', to: 'c', sessions: 20 },
    ]);
  });

  it('[BA1] a share is by weight, and weight 0 keeps its own', () => {
    expect(transfersOf([holding('a', 100), holding('b', 100, 3), holding('z', 500, 0)])).toEqual([
      { from: 'a', to: 'b', sessions: 50 },
    ]);
  });

  it('[BA2] within two percent of a share, or one session, it is balanced', () => {
    expect(transfersOf([holding('a', 1_019), holding('b', 981)])).toEqual([]);
    expect(transfersOf([holding('a', 3), holding('b', 1)])).toEqual([]);
    expect(transfersOf([holding('a', 1_021), holding('b', 979)])).not.toEqual([]);
    expect([transfersOf([]), transfersOf([holding('a', 9)]), transfersOf([holding('a', 9, 0)])]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it('[BA2] for all pools: what is done once is balanced, nobody gives more than he has over, and nobody both gives and takes', () => {
    const pools = fc.uniqueArray(
      fc.record({
        origin: fc.string({ minLength: 1, maxLength: 4 }),
        weight: fc.integer({ min: 0, max: 1_000 }),
        sessions: fc.nat(20_000),
      }),
      { selector: ({ origin }) => origin, maxLength: 12 },
    );
    fc.assert(
      fc.property(pools, (pool) => {
        const done = after(pool);
        const transfers = transfersOf(pool);
        expect(transfersOf(done)).toEqual([]);
        expect(done.every(({ sessions }) => sessions >= 0)).toBe(true);
        const givers = new Set(transfers.map(({ from }) => from));
        expect(transfers.some(({ to }) => givers.has(to))).toBe(false);
      }),
    );
  });
});
