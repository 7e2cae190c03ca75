import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Link, type Source } from '../../../durable-objects/shard/link.ts';
import type { ReplicaSink } from '../../../durable-objects/shard/replica-object.ts';
import { instanceId, originId } from '../../../worker/core/ids.ts';
import { encodePage } from '../../../worker/core/page.ts';
import type { Position } from '../../../worker/core/replication.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';

const session = makeSessionId({ region: 'xx', generation: 0, number: 1 }, new Uint8Array(16));
const stream = 's';
const never = new Promise<never>(() => undefined);

/** One row of two for each call. The second row's state lies in a chunk. */
function logRows(after: number) {
  const bodyOf = (version: number) => {
    const limits = { expiresAt: 9e12, endsAt: 9e12 };
    const row = {
      home: originId('a'),
      instance: instanceId('one'),
      epoch: 0,
      version,
      claimedBy: '',
      ...limits,
    };
    const id = `${session}:0:${version}`;
    const state =
      version === 2 ? ({ kind: 'chunked', id, seal: 's', epoch: 0 } as const) : ({ kind: 'none' } as const);
    return encodePage([{ session, slot: { kind: 'row', row }, state }]).buffer;
  };
  return after >= 2 ? [] : [{ seq: after + 1, body: bodyOf(after + 1) }];
}

/** A shard with two rows of log. Whoever looks at it without end is stopped. */
function sourceOf(): Source {
  let looks = 0;
  const feed = () => {
    if (looks++ > 200) throw new Error('it goes round without waiting');
    return { stream, cut: 0, last: 2 };
  };
  return {
    ledger: { last: 2 },
    tables: { logRows, countChunks: () => 1, chunks: () => [new ArrayBuffer(5)] },
    of: () => ({ pool: 'shop', shard: 'xx00001', generation: 0 }),
    feed,
    flush: () => undefined,
    confirmed: () => undefined,
  } as never;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the link to a replica', () => {
  it('[RP13] goes on after a loss although a chunk of before is still on its way', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    const at = (seq: number): Position => ({ kind: 'following', stream, seq, settledAt: 0 });
    let isAway = true;
    const sink: ReplicaSink = {
      position: async () => at(0),
      begin: () => never,
      fill: () => never,
      chunks: async () => (isAway ? never : undefined),
      append: async (_of, { upTo }) => {
        if (isAway) throw new Error('lost');
        return at(upTo);
      },
    };
    const link = new Link('replica', sourceOf(), () => sink);
    link.wake();
    await vi.advanceTimersByTimeAsync(10);
    isAway = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(link.state).toBe('following');
    expect(link.confirmed).toBe(2);
  });
});
