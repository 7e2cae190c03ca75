import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { moveMs, type Group, Groups, groupMs } from '../../../durable-objects/shard/groups.ts';
import { noState } from '../../../worker/core/page.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';

const session = makeSessionId({ region: 'xx', generation: 0, number: 1 }, new Uint8Array(16));
const entry = { session, slot: { kind: 'ended', endsAt: 9 }, state: noState } as const;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000 }));
afterEach(() => void vi.useRealTimers());

function groups(store: (group: Group) => void = () => undefined) {
  const storedAt: number[] = [];
  const failures: unknown[] = [];
  const made = new Groups(
    (group) => {
      store(group);
      storedAt.push(Date.now());
    },
    (error) => failures.push(error),
  );
  return { groups: made, storedAt, failures };
}

describe('grouped writes', () => {
  it('[SS5] a lone write is stored at once', async () => {
    const { groups: made, storedAt } = groups();
    await made.open(Date.now()).flushed;
    expect(storedAt).toEqual([1_000]);
  });

  it('[SS5] those that follow share a group, which is stored 20 ms after the last one', async () => {
    const { groups: made, storedAt } = groups();
    await made.open(Date.now()).flushed;
    vi.advanceTimersByTime(5);
    const second = made.open(Date.now());
    vi.advanceTimersByTime(10);
    expect(made.open(Date.now())).toBe(second);
    vi.advanceTimersByTime(groupMs);
    await second.flushed;
    expect(storedAt).toEqual([1_000, 1_000 + groupMs]);
  });

  it('[SS5] a group with a session that moves is stored 5 ms after the last one, and after a pause at once', async () => {
    const { groups: made, storedAt } = groups();
    await made.open(Date.now()).flushed;
    vi.advanceTimersByTime(2);
    const second = made.open(Date.now());
    made.soon(Date.now());
    vi.advanceTimersByTime(moveMs);
    await second.flushed;
    vi.advanceTimersByTime(moveMs);
    const third = made.open(Date.now());
    made.soon(Date.now());
    await third.flushed;
    expect(storedAt).toEqual([1_000, 1_000 + moveMs, 1_002 + 2 * moveMs]);
  });

  it('[SS5] thousands that move at once share its timer too: an object may have 10,000 of them only', async () => {
    const { groups: made } = groups();
    await made.open(Date.now()).flushed;
    const second = made.open(Date.now());
    for (let moves = 0; moves < 20_000; moves++) made.soon(Date.now());
    expect(vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(moveMs);
    await second.flushed;
  });

  it('[LS5] a group with a large state is stored when its step is done, whatever else was to come', async () => {
    const { groups: made, storedAt } = groups();
    await made.open(Date.now()).flushed;
    const second = made.open(Date.now());
    made.hurry();
    expect(storedAt).toHaveLength(1);
    await second.flushed;
    expect(storedAt).toEqual([1_000, 1_000]);
  });

  it('[SS1] who reads a session that is not stored yet waits for its group, and nobody else does', async () => {
    const { groups: made } = groups();
    await made.open(Date.now()).flushed;
    made.open(Date.now()).entries.set(session, entry);
    let isSettled = false;
    const reading = made.settled(session).then(() => {
      isSettled = true;
    });
    await made.settled(makeSessionId({ region: 'xx', generation: 0, number: 1 }, new Uint8Array(16).fill(7)));
    expect(isSettled).toBe(false);
    vi.advanceTimersByTime(groupMs);
    await reading;
    expect(isSettled).toBe(true);
  });

  it('[SS7] a group that cannot be stored rejects all who wait for it and says so once', async () => {
    const { groups: made, failures } = groups(() => {
      throw new Error('disk full');
    });
    const { flushed } = made.open(Date.now());
    await expect(flushed).rejects.toThrow('disk full');
    expect(failures).toHaveLength(1);
  });
});
