import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Kept, Upkeep } from '../../../durable-objects/shard/upkeep.ts';

const start = Date.UTC(2026, 0, 1);

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A shard's upkeep, with the alarm that the platform says it has. */
async function woken(alarmAt: number | null) {
  const set: number[] = [];
  const storage = {
    getAlarm: async () => alarmAt,
    setAlarm: async (at: number) => void set.push(at),
  };
  const kept = {
    storage,
    tables: { raises: () => [] },
    ledger: { hasUnfolded: false, isLogFull: false },
    raises: { tell: async () => undefined },
    feed: { wake: () => undefined, stored: () => undefined },
  } as unknown as Kept;
  const upkeep = new Upkeep(kept);
  await upkeep.wake();
  const store = () => upkeep.stored({ raises: new Set(['a']) } as never);
  return { set, store };
}

describe('the alarm of a shard', () => {
  it('[SS20] is not set again while it is still to come', async () => {
    const { set, store } = await woken(start + 500);
    store();
    expect(set).toEqual([]);
  });

  it('[SS20] that should have come a minute ago is not waited for: the next write sets another one', async () => {
    const { set, store } = await woken(start - 1);
    store();
    expect(set).toEqual([]);
    vi.setSystemTime(start + 60_000);
    store();
    expect(set).toEqual([start + 61_000]);
  });
});
