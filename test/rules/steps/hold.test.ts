import { beforeEach, describe, expect, it } from 'vitest';
import { hold } from '../../../worker/steps/hold.ts';
import { a, createWorld, startMs, type World } from '../visit.ts';

let world: World;

beforeEach(async () => {
  world = await createWorld();
});

/** What becomes of the hold, and how long it took. */
async function held() {
  const visit = await world.visit();
  const began = world.clock.now();
  const verdict = await world.clock.through(hold(visit, a));
  return { verdict, afterMs: world.clock.now() - began };
}

describe('a session whose only copy is at home', () => {
  it('[HO1] stays as soon as home answers a probe, and home is trusted again', async () => {
    world.pool.suspicions.suspect(a, startMs);
    expect(await held()).toEqual({ verdict: 'answers', afterMs: 0 });
    expect(world.pool.suspicions.isSuspect(a, startMs)).toBe(false);
  });

  it('[HO2] leaves at once when home refuses a probe', async () => {
    world.verdicts.set(a, 'refuses');
    expect(await held()).toEqual({ verdict: 'left', afterMs: 0 });
  });

  it('[HO3] leaves at once on the monitor’s word, without a probe', async () => {
    world.standing(a, { health: 'down' });
    expect(await held()).toEqual({ verdict: 'left', afterMs: 0 });
    expect(world.doubted).toEqual([]);
  });

  it('[HO4] waits for a silent home for holdMs', async () => {
    world.verdicts.set(a, 'silent');
    expect(await held()).toEqual({ verdict: 'left', afterMs: 3_000 });
  });

  it('[HO4] counts from when home was first silent here, not from this request', async () => {
    world.verdicts.set(a, 'silent');
    world.pool.suspicions.suspect(a, startMs);
    await world.clock.pass(2_000);
    expect(await held()).toEqual({ verdict: 'left', afterMs: 1_000 });
    expect(await held()).toEqual({ verdict: 'left', afterMs: 0 });
  });

  it('[HO5] stays when home comes back meanwhile', async () => {
    world.verdicts.set(a, 'silent');
    const verdict = hold(await world.visit(), a);
    await world.clock.pass(500);
    world.verdicts.set(a, 'answers');
    await world.clock.pass(200);
    expect(await verdict).toBe('answers');
  });

  it('[HO6] one request waits for ten seconds at most, however long the operator holds', async () => {
    world = await createWorld({ pool: { session: { holdMs: 30_000 } } });
    world.verdicts.set(a, 'silent');
    expect(await held()).toEqual({ verdict: 'in doubt', afterMs: 10_000 });
  });
});
