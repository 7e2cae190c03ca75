import { describe, expect, it } from 'vitest';
import { type Drill, drillRefusal, isInDrill } from '../../../worker/core/drill.ts';
import type { SessionId } from '../../../worker/core/ids.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';
import { a, b } from '../visit.ts';

const drill: Drill = { number: 1, origin: a, share: 100, seed: 12_345, until: 1_000 };

const sessions: readonly SessionId[] = Array.from({ length: 20_000 }, (_, at) => {
  const random = new Uint8Array(16);
  // As random as ids are, and the same in every run.
  for (let index = 0; index < 16; index++)
    random[index] = Math.imul(at + 1, 2654435761 + index * 40503) >>> 16;
  return makeSessionId({ region: 'xx', generation: 0, number: 1 }, random);
});
const taken = (of: Drill) => sessions.filter((session) => isInDrill(of, session, a, 0));

describe('who takes part in a drill', () => {
  it('[DR4] is the share of the origin’s sessions, the same ones at every edge and at every request', () => {
    for (const share of [100, 1_000, 2_500]) {
      const count = taken({ ...drill, share }).length / sessions.length;
      expect(Math.abs(count - share / 10_000)).toBeLessThan(0.01);
    }
    expect(taken(drill)).toEqual(taken(drill));
  });

  it('[DR4] are others in the next drill', () => {
    const [one, other] = [taken({ ...drill, share: 1_000 }), taken({ ...drill, share: 1_000, seed: 99 })];
    expect(one.filter((session) => other.includes(session)).length).toBeLessThan(one.length / 2);
  });

  it('[DR4] is nobody of another origin, and nobody when its time is over', () => {
    const all = { ...drill, share: 10_000 };
    expect(sessions.some((session) => isInDrill(all, session, b, 0))).toBe(false);
    expect(sessions.every((session) => isInDrill(all, session, a, 999))).toBe(true);
    expect(sessions.some((session) => isInDrill(all, session, a, 1_000))).toBe(false);
  });
});

describe('whether there may be one', () => {
  const standings = {
    u: { health: 'up' },
    d: { health: 'down' },
    D: { health: 'up', state: 'draining' },
    o: { health: 'up', state: 'down' },
  } as const;
  const pool = (text: string) => ({
    origins: Object.fromEntries(
      [...text].map((letter, at) => ['abcdefgh'[at], standings[letter as keyof typeof standings]]),
    ),
  });
  it.each([
    ['uuu', undefined],
    ['uuud', undefined],
    ['uu', 'too_few_origins'],
    ['uud', 'too_few_origins'],
    ['duu', 'origin_not_up'],
    ['', 'unknown_origin'],
    ['uuudddd', 'too_few_origins'],
    ['uuo', 'too_few_origins'],
    ['uuDo', 'too_few_origins'],
    ['uuuoooo', undefined],
    ['Duu', 'origin_not_up'],
  ])('[DR2] of a in %j: %s', (origins, code) => {
    expect(drillRefusal(a, pool(origins))?.code).toBe(code);
  });

  it('[DR2] there is none where nothing moves by order', () => {
    expect(drillRefusal(a, { ...pool('uuu'), routeOnly: true })?.code).toBe('route_only');
  });
});
