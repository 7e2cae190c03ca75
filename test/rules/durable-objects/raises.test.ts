import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { raiseEveryMs, Raises } from '../../../durable-objects/shard/raises.ts';
import { type OriginId, originId } from '../../../worker/core/ids.ts';

const a = originId('a');

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A monitor that answers when it is told to. */
function book() {
  const told: { at: number; answer(): void; refuse(): void }[] = [];
  const acknowledged: OriginId[] = [];
  const tell = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    told.push({ at: Date.now(), answer: resolve, refuse: () => reject(new Error('away')) });
    return promise;
  };
  return {
    told,
    acknowledged,
    raises: new Raises({ tell, acknowledged: (origin) => acknowledged.push(origin) }),
  };
}

describe('a raise that the monitor must hear of', () => {
  it('[SS13] is told at once, and done with once the monitor has it', async () => {
    const { raises, told, acknowledged } = book();
    const done = raises.tell(a);
    expect(told).toHaveLength(1);
    expect(acknowledged).toEqual([]);
    told[0]?.answer();
    await vi.advanceTimersByTimeAsync(raiseEveryMs);
    await done;
    expect(acknowledged).toEqual([a]);
  });

  it('[SS13] that comes while another is told, or soon after, is told once more, and no sooner than 250 ms later', async () => {
    const { raises, told, acknowledged } = book();
    const all = [raises.tell(a), raises.tell(a), raises.tell(a)];
    told[0]?.answer();
    await vi.advanceTimersByTimeAsync(10);
    all.push(raises.tell(a));
    expect(acknowledged).toEqual([]);
    await vi.advanceTimersByTimeAsync(raiseEveryMs);
    expect(told.map(({ at }) => at)).toEqual([1_000, 1_000 + raiseEveryMs]);
    told[1]?.answer();
    await vi.advanceTimersByTimeAsync(raiseEveryMs);
    await Promise.all(all);
    expect(acknowledged).toEqual([a]);
    expect(told).toHaveLength(2);
  });

  it('[SS13] that the monitor did not take stays to be told, be it refused or not answered for five seconds', async () => {
    const errors = vi.spyOn(console, 'error').mockReturnValue();
    const { raises, told, acknowledged } = book();
    const refused = raises.tell(a);
    told[0]?.refuse();
    await refused;
    const silent = raises.tell(a);
    await vi.advanceTimersByTimeAsync(5_000);
    await silent;
    expect(told).toHaveLength(2);
    expect(acknowledged).toEqual([]);
    expect(errors).toHaveBeenCalledTimes(2);
  });
});
