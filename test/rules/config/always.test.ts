import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../worker/config/parse.ts';

const small = (max: number) => fc.integer({ min: 0, max });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const session = fc.record(
  {
    mode: fc.constantFrom('local', 'replicated', 'external'),
    durability: fc.constantFrom('async', 'primary'),
    idleMs: fc.integer({ min: 60_000, max: 43_200_000 }),
    holdMs: small(30_000),
    shards: fc.integer({ min: 1, max: 4096 }),
  },
  { requiredKeys: [] },
);

const pool = fc.record(
  {
    origins: fc
      .uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 })
      .map((ports) =>
        ports.map((port) => ({ id: `o${port}`, url: `http://127.0.0.1:${port}`, weight: port })),
      ),
    affinity: fc.constantFrom([{ by: 'ip' }], [{ by: 'header:x' }, { by: 'cookie' }]),
    session: maybe(session),
    fallback: maybe(fc.record({ retryAfterS: fc.integer({ min: 1, max: 3600 }) })),
  },
  { requiredKeys: ['origins'] },
);

const good = fc
  .dictionary(fc.stringMatching(/^[a-z]{2}[0-9]{1,3}$/), pool, { minKeys: 1, maxKeys: 4 })
  .map((pools) => ({
    pools,
    routes: Object.keys(pools).map((name) => ({ match: `/${name}/*`, pool: name })),
  }));

/** Good, with any JSON value at one place. */
const nearlyGood = fc.tuple(good, fc.jsonValue(), fc.nat()).map(([config, value, at]) => {
  const text = JSON.stringify(config);
  const places = [...text.matchAll(/(?<=:)("[^"]*"|\d+|\{\}|\[[^[\]]*\])/g)];
  const place = places[at % places.length];
  const start = place?.index ?? 0;
  return JSON.parse(
    text.slice(0, start) + JSON.stringify(value) + text.slice(start + (place?.[0].length ?? text.length)),
  ) as unknown;
});

describe('for all inputs', () => {
  it('[CF6] parseConfig never throws, and answers with a configuration or at least one problem', () => {
    const anything = fc.oneof(fc.jsonValue(), nearlyGood);
    const answers = fc.property(anything, fc.boolean(), (input, production) => {
      const parsed = parseConfig(input, { production });
      return parsed.ok || parsed.problems.length > 0;
    });
    expect(fc.check(answers, { numRuns: 500 })).toMatchObject({ failed: false, counterexample: null });
  });

  it('[CF6] a good configuration parsed twice is equal, and the input stays as it was', () => {
    fc.assert(
      fc.property(good, (input) => {
        const before = structuredClone(input);
        const first = parseConfig(input, { production: false });
        expect(first).toMatchObject({ ok: true });
        expect(parseConfig(input, { production: false })).toStrictEqual(first);
        expect(input).toEqual(before);
      }),
    );
  });
});
