import { afterEach, describe, expect, it, vi } from 'vitest';
import { noToll, type Tally, type Toll } from '../../../worker/core/tally.ts';
import { type OriginId, poolName } from '../../../worker/core/ids.ts';
import type { Snapshot } from '../../../worker/core/snapshot.ts';
import type { Sighting } from '../../../worker/ports.ts';
import { createIncidents } from '../../../worker/stores/incidents.ts';
import type { IncidentObject } from '../../../worker/stores/incident-desk.ts';
import { manualClock } from '../manual-clock.ts';
import { a, b } from '../visit.ts';

afterEach(() => vi.restoreAllMocks());

const unasked = () => Promise.reject(new Error('Nobody asks that here'));

function setUp() {
  const clock = manualClock(1_000);
  const told: { tallies: readonly Tally[]; at: number; key: string }[] = [];
  const world = { isAway: false };
  const monitor: IncidentObject = {
    async noteIncidents(tallies, at, key) {
      told.push({ tallies, at, key });
      if (world.isAway) throw new Error('the test says so');
      return { kind: 'noted' };
    },
    incidents: unasked,
    drill: unasked,
    stopDrill: unasked,
  };
  let drawn = 0;
  const incidents = createIncidents({
    pool: poolName('shop'),
    monitors: { getByName: () => monitor },
    clock,
    chance: { bytes: (count) => new Uint8Array(count).fill((drawn += 1)) },
    timers: clock,
    waitUntil: () => undefined,
  });
  return { incidents, clock, told, world };
}

const sighting = (toll: Partial<Toll> = { moved: 1 }, more: Partial<Sighting> = {}): Sighting => ({
  origin: a,
  drill: undefined,
  failure: undefined,
  success: undefined,
  toll: { ...noToll, ...toll },
  ...more,
});
const movedIn = ({ tallies }: { tallies: readonly Tally[] }) =>
  tallies.map(({ origin, toll }) => [origin, toll.moved]);
const snapshot = (version: number, health: 'up' | 'down', origin: OriginId = a): Snapshot => ({
  version,
  origins: { [origin]: { health, incarnation: 0 } },
});

describe('an isolate’s account of incidents', () => {
  it('[IN4] tells the first at once, and what comes after it together, ten seconds later', async () => {
    const { incidents, clock, told } = setUp();
    incidents.note(sighting());
    await clock.pass(1);
    expect(told.map(movedIn)).toEqual([[[a, 1]]]);
    for (let count = 0; count < 500; count++)
      incidents.note(sighting({ moved: 1 }, { origin: count % 2 ? a : b }));
    await clock.pass(9_900);
    expect(told).toHaveLength(1);
    await clock.pass(200);
    expect(told.slice(1).map((telling) => movedIn(telling).sort())).toEqual([
      [
        [a, 250],
        [b, 250],
      ],
    ]);
    await clock.pass(60_000);
    expect(told).toHaveLength(2);
  });

  it('[IN4] tells again, under the same key, what the monitor may not have heard', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { incidents, clock, told, world } = setUp();
    world.isAway = true;
    incidents.note(sighting());
    await clock.pass(1);
    expect(complaint).toHaveBeenCalledOnce();
    world.isAway = false;
    incidents.note(sighting());
    await clock.pass(11_000);
    expect(told.slice(0, 2).map(movedIn)).toEqual([[[a, 1]], [[a, 1]]]);
    expect(told[1]?.key).toBe(told[0]?.key);
    await clock.pass(11_000);
    expect(told.slice(2).map(movedIn)).toEqual([[[a, 1]]]);
    expect(told[2]?.key).not.toBe(told[0]?.key);
  });

  it('[IN6] says when it heard from others that the origin is out', async () => {
    const { incidents, clock, told } = setUp();
    incidents.heard({ snapshot: snapshot(1, 'up'), ageMs: 900 }, snapshot(2, 'down'));
    await clock.pass(100);
    incidents.note(sighting());
    await clock.pass(1);
    expect(told[0]?.tallies[0]?.heardAt).toBe(1_000);
  });

  it.each([
    ['doubted by the monitor', { doubted: true }],
    ['ordered down', { state: 'down' }],
    ['ordered out', { state: 'disabled' }],
  ] as const)('[IN6] %s is out as well, and being called down after that is no news', async (_, more) => {
    const { incidents, clock, told } = setUp();
    const out: Snapshot = { version: 2, origins: { [a]: { health: 'up', incarnation: 0, ...more } } };
    incidents.heard({ snapshot: snapshot(1, 'up'), ageMs: 900 }, out);
    await clock.pass(100);
    incidents.heard({ snapshot: out, ageMs: 100 }, snapshot(3, 'down'));
    incidents.note(sighting());
    await clock.pass(1);
    expect(told[0]?.tallies[0]?.heardAt).toBe(1_000);
  });

  it.each([
    ['an isolate without visitors heard late', 5_001, 'down'],
    ['what was out before is no news', 900, 'up'],
  ] as const)('[IN6] %s: it does not count', async (_, ageMs, health) => {
    const { incidents, clock, told } = setUp();
    const before = health === 'up' ? snapshot(1, 'down') : snapshot(1, 'up');
    incidents.heard({ snapshot: before, ageMs }, snapshot(2, 'down'));
    incidents.note(sighting());
    await clock.pass(1);
    expect(told[0]?.tallies[0]?.heardAt).toBeUndefined();
  });

  it('[IN6] forgets it when the origin is back', async () => {
    const { incidents, clock, told } = setUp();
    incidents.heard({ snapshot: snapshot(1, 'up'), ageMs: 0 }, snapshot(2, 'down'));
    incidents.heard({ snapshot: snapshot(2, 'down'), ageMs: 60_000 }, snapshot(3, 'up'));
    incidents.note(sighting());
    await clock.pass(1);
    expect(told[0]?.tallies[0]?.heardAt).toBeUndefined();
  });

  it.each([{ failed: 1 }, { empty: 1 }])(
    '[DR5] a drill that did harm (%j) is stopped here at once, and told without waiting',
    async (toll) => {
      const { incidents, clock, told } = setUp();
      incidents.note(sighting({ moved: 1 }, { drill: 7 }));
      await clock.pass(1);
      expect(incidents.isStopped(7)).toBe(false);
      incidents.note(sighting(toll, { drill: 7 }));
      expect([incidents.isStopped(7), incidents.isStopped(8)]).toEqual([true, false]);
      await clock.pass(1);
      expect(told.map(({ tallies }) => tallies.map(({ drill, toll: sum }) => [drill, sum.moved]))).toEqual([
        [[7, 1]],
        [[7, 0]],
      ]);
    },
  );
});
