import { describe, expect, it } from 'vitest';
import { originId, poolName } from '../../../worker/core/ids.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';
import type { LocatedSlot } from '../../../worker/ports.ts';
import { createShards, type ShardObject } from '../../../worker/stores/session-shards.ts';
import { WorldTime } from './world-time.ts';

const pool = poolName('shop');
const session = makeSessionId({ region: 'xx', generation: 0, number: 7 }, new Uint8Array(16));
const failure = (marks: Record<string, boolean>) => Object.assign(new Error('away'), marks);

/** A shard that answers `locate` with one thing after the other; a function may never answer. */
function shardsOf(...answers: (LocatedSlot | Error | Promise<LocatedSlot>)[]) {
  const time = new WorldTime();
  const asked: string[] = [];
  const never = () => Promise.reject(new Error('not asked for here'));
  const objects = {
    getByName(name: string): ShardObject {
      const locate = async () => {
        asked.push(`${name} at ${time.now()}`);
        const answer = answers.shift();
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often');
        return answer;
      };
      return {
        locate,
        read: never,
        swap: never,
        claim: never,
        put: never,
        label: never,
        renew: never,
        end: never,
        rotate: never,
        list: never,
      };
    },
  };
  return { shards: createShards(pool, objects, { clock: time, timers: time }), asked };
}

const none: LocatedSlot = { kind: 'none' };

describe('the store of sessions', () => {
  it('[SS16] asks the shard that the id names', async () => {
    const { shards, asked } = shardsOf(none);
    expect(await shards.locate(session)).toEqual(none);
    expect(asked).toEqual(['shop:xx00007 at 0']);
  });

  it('[SS17] asks a new stub again, three times at most, when the failure is retryable or the object was reset', async () => {
    const retryable = failure({ retryable: true });
    const { shards, asked } = shardsOf(retryable, failure({ durableObjectReset: true }), retryable, none);
    expect(await shards.locate(session)).toEqual(none);
    expect(asked).toEqual([0, 10, 50, 210].map((at) => `shop:xx00007 at ${at}`));
    const lost = shardsOf(retryable, retryable, retryable, retryable, none);
    expect(await lost.shards.locate(session)).toEqual({ kind: 'unreachable', why: 'away' });
  });

  it('[SS17] leaves an overloaded shard alone, and does not repeat an error of our own', async () => {
    for (const marks of [{ overloaded: true, retryable: true }, {}]) {
      const { shards, asked } = shardsOf(failure(marks), none);
      expect(await shards.locate(session)).toEqual({ kind: 'unreachable', why: 'away' });
      expect(asked).toHaveLength(1);
    }
  });

  it('[SS18] gives up a silent call after a second, and the question after two', async () => {
    const silent = new Promise<LocatedSlot>(() => undefined);
    const { shards, asked } = shardsOf(silent, silent, none);
    expect(await shards.locate(session)).toEqual({ kind: 'unreachable', why: 'no answer within 990 ms' });
    expect(asked).toEqual([0, 1_010].map((at) => `shop:xx00007 at ${at}`));
  });

  it('[SS18] never throws, whatever is asked', async () => {
    const { shards } = shardsOf();
    const assumed = { home: originId('a'), epoch: 0 };
    const said = await shards.renew(session, { assumed, limits: { expiresAt: 1, endsAt: 2 } });
    expect(said).toEqual({ kind: 'unreachable', why: 'not asked for here' });
  });
});
