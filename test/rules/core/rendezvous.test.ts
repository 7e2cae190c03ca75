import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mix32 } from '../../../worker/core/hash.ts';
import { originId } from '../../../worker/core/ids.ts';
import {
  type Candidate,
  keyOf,
  keySeed,
  originSeed,
  place,
  placementOf,
} from '../../../worker/core/rendezvous.ts';
import { plainPick } from './plain-rendezvous.ts';
import golden from './rendezvous.golden.json' with { type: 'json' };

const all = () => true;
const pick = (candidates: readonly Candidate[], key: number) => place(placementOf(candidates), key, all);
const named = (origins: readonly { id: string; weight: number }[]): Candidate[] =>
  origins.map(({ id, weight }) => ({ id: originId(id), weight }));

const pools = fc
  .uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,15}$/), { minLength: 2, maxLength: 12 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) => fc.record({ id: fc.constant(id), weight: fc.integer({ min: 0, max: 1000 }) })),
    ),
  )
  .map(named);
const keys = fc.array(fc.integer(), { minLength: 20, maxLength: 60 });

describe('a place by weighted rendezvous hashing', () => {
  it('[HR2] is that of the published vectors', () => {
    expect([golden.originSeed, golden.keySeed]).toEqual([originSeed, keySeed]);
    const picks = golden.vectors.map(({ pool, key }) => ({
      pool,
      key,
      pick: pick(named(poolOf(pool)), keyOf(key)),
    }));
    expect(picks).toEqual(golden.vectors);
  });

  it('[HR2] is that of the formula written the plain way, for all pools and keys', () => {
    fc.assert(
      fc.property(pools, fc.string({ unit: 'grapheme' }), (pool, text) => {
        expect(pick(pool, keyOf(text))).toBe(plainPick(text, pool));
      }),
    );
  });

  it('[HR3] does not depend on the order in which origins are listed', () => {
    fc.assert(
      fc.property(pools, keys, (pool, some) => {
        for (const key of some) expect(pick([...pool].reverse(), key)).toBe(pick(pool, key));
      }),
    );
  });

  it('[HR4] removing an origin moves only its own sessions, and adding one only takes', () => {
    fc.assert(
      fc.property(pools, keys, ([one, ...rest], some) => {
        for (const key of some) {
          const [without, withIt] = [pick(rest, key), pick(one === undefined ? rest : [one, ...rest], key)];
          expect([without, one?.id]).toContain(withIt);
        }
      }),
    );
  });

  it('[HR4] an origin that cannot be used gives its sessions up as if it were not there', () => {
    fc.assert(
      fc.property(pools, keys, (pool, some) => {
        const [down, ...rest] = pool;
        for (const key of some)
          expect(place(placementOf(pool), key, (id) => id !== down?.id)).toBe(pick(rest, key));
      }),
    );
  });

  it('[HR5] never is an origin of weight 0, and there is none where none can be used', () => {
    fc.assert(
      fc.property(pools, fc.integer(), (pool, key) => {
        const resting = pool.map((candidate) => ({ ...candidate, weight: 0 }));
        expect(pick(resting, key)).toBeUndefined();
        expect(place(placementOf(pool), key, () => false)).toBeUndefined();
        const found = pick(pool, key);
        expect(pool.some(({ id, weight }) => id === found && weight === 0)).toBe(false);
      }),
    );
  });
});

// Half a million places each: seconds on a busy machine.
describe('a hundred origins of weights 1, 2 and 5', { timeout: 30_000 }, () => {
  const count = 500_000;
  const hundred = Array.from({ length: 100 }, (_, at) => ({
    id: originId(`o${at}`),
    weight: [1, 2, 5][at % 3] ?? 1,
  }));
  const someKeys = Int32Array.from({ length: count }, (_, at) => mix32(at * 0x9e3779b1));
  const placesIn = (candidates: readonly Candidate[]) => {
    const placement = placementOf(candidates);
    return Array.from(someKeys, (key) => place(placement, key, all));
  };
  const weightOf = (candidates: readonly Candidate[]) =>
    candidates.reduce((sum, { weight }) => sum + weight, 0);
  const before = placesIn(hundred);

  it('[HR6] give each weight its share, within 2 %', () => {
    for (const weight of [1, 2, 5]) {
      const ids = new Set(hundred.filter((one) => one.weight === weight).map(({ id }) => id));
      const taken = before.filter((id) => id !== undefined && ids.has(id)).length / count;
      const share = (weight * ids.size) / weightOf(hundred);
      expect(Math.abs(taken / share - 1), `weight ${weight}`).toBeLessThan(0.02);
    }
  });

  it.each([
    ['removing one of weight 5', hundred.filter(({ id }) => id !== 'o2'), 5 / weightOf(hundred)],
    ['adding one of weight 2', [...hundred, { id: originId('new'), weight: 2 }], 2 / (weightOf(hundred) + 2)],
    [
      'changing one from weight 5 to 3',
      hundred.map((one) => (one.id === 'o2' ? { ...one, weight: 3 } : one)),
      2 / weightOf(hundred),
    ],
  ])('[HR7] %s moves at most 1.05 times what it must', (_change, changed, ideal) => {
    const after = placesIn(changed);
    const moves = before.filter((id, at) => id !== after[at]).length / count;
    expect(moves / ideal).toBeLessThan(1.05);
  });
});

function poolOf(name: string): { id: string; weight: number }[] {
  const pool = golden.pools.find((one) => one.name === name);
  if (pool === undefined)
    throw new Error(`Cannot check a golden vector as the file has no pool named ${name}`);
  return pool.origins;
}
