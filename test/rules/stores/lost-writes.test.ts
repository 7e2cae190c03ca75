import { describe, expect, it, vi } from 'vitest';
import { poolName } from '../../../worker/core/ids.ts';
import type { LostWrite } from '../../../worker/core/lost-write.ts';
import { createLostWrites, type LostObject } from '../../../worker/stores/lost-writes.ts';
import { manualClock } from '../manual-clock.ts';
import { sessionNo } from '../visit.ts';

const write = (at: number): LostWrite => ({
  session: sessionNo(1),
  at,
  why: 'store_unreachable',
  told: 'answered',
  method: 'POST',
  path: '/cart',
});

function setUp() {
  const clock = manualClock(0);
  const told: number[][] = [];
  const world = { isAway: false };
  const monitor: LostObject = {
    async noteLost(writes) {
      if (world.isAway) throw new Error('the test says so');
      told.push(writes.map(({ at }) => at));
      return { kind: 'noted' };
    },
    lost: async () => [write(1)],
    forgetLost: async () => ({ kind: 'forgotten' }),
  };
  const waited: Promise<unknown>[] = [];
  const lost = createLostWrites({
    pool: poolName('shop'),
    monitors: { getByName: () => monitor },
    clock,
    timers: clock,
    waitUntil: (work) => void waited.push(work),
  });
  return { lost, clock, told, world, settled: () => Promise.all(waited) };
}

describe('the account of lost writes', () => {
  it('[OP9] tells the first at once, and the crowd behind it together ten seconds later', async () => {
    const { lost, clock, told } = setUp();
    lost.note(write(1));
    await clock.pass(1);
    expect(told).toEqual([[1]]);
    for (const at of [2, 3, 4]) lost.note(write(at));
    await clock.pass(9_000);
    expect(told).toEqual([[1]]);
    await clock.pass(1_000);
    expect(told).toEqual([[1], [2, 3, 4]]);
  });

  it('[OP9] keeps a hundred of them while it waits', async () => {
    const { lost, clock, told } = setUp();
    lost.note(write(0));
    await clock.pass(1);
    for (let at = 1; at <= 500; at++) lost.note(write(at));
    await clock.pass(11_000);
    expect(told[1]).toHaveLength(100);
  });

  it('[OP9] tells with the next ones what the monitor did not take', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { lost, clock, told, world } = setUp();
    world.isAway = true;
    lost.note(write(1));
    await clock.pass(1);
    expect(complaint).toHaveBeenCalledOnce();
    world.isAway = false;
    lost.note(write(2));
    await clock.pass(11_000);
    expect(told).toEqual([[1, 2]]);
    complaint.mockRestore();
  });

  it('[OP7] hands on what the monitor has', async () => {
    expect(await setUp().lost.list()).toEqual([write(1)]);
  });
});
