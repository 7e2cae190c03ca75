import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import { bucketOf, encodePage } from '../../worker/core/page.ts';
import { copied, newReplicated } from './replica-world.ts';
import { a, limits, one, randomBytes, stateOf, toClaim, toStore } from './shard-world.ts';

vi.setConfig({ testTimeout: 20_000 });

describe('a replica', () => {
  it('[RP1] has what its shard has stored, moved and ended', async () => {
    const { pool, stub, newSession, put, becomes, replica } = newReplicated();
    const [kept, moved, ended] = [newSession(), newSession(), newSession()];
    await put(kept, 1, 'one');
    await put(kept, 2, 'two');
    await put(moved, 1, 'cart');
    await stub().claim(pool, moved, toClaim(0), copied(1));
    await put(ended, 1, 'gone');
    await stub().end(pool, ended, { home: a, instance: one, endsAt: limits().endsAt }, copied(1));
    await becomes(ended, 'ended');
    await becomes(kept, '2 two');
    expect(await replica().read(pool, moved)).toMatchObject({ kind: 'copy', row: { home: 'b', epoch: 1 } });
  });

  it('[RP1] there may be two', async () => {
    const { newSession, put, read, caughtUp } = newReplicated();
    const session = newSession();
    await put(session, 1, 'twice', copied(2));
    await caughtUp();
    expect([await read(session, 0), await read(session, 1)]).toEqual(['1 twice', '1 twice']);
  });

  it('[RP2] has states of any size, byte for byte, also after they were replaced', async () => {
    const { pool, stub, newSession, replica, becomes, caughtUp } = newReplicated();
    const session = newSession();
    const [first, second] = [randomBytes(1_400_000), randomBytes(700_000)];
    await stub().put(pool, session, toStore(1, first), copied(1));
    await caughtUp();
    expect(await replica().read(pool, session)).toMatchObject({ state: stateOf(first) });
    await stub().put(pool, session, toStore(2, second), copied(1));
    await caughtUp();
    expect(await replica().read(pool, session)).toMatchObject({ state: stateOf(second) });
    expect((await replica().stats()).chunks).toBe(2);
    await stub().put(pool, session, toStore(3, 'small'), copied(1));
    await becomes(session, '3 small');
    expect((await replica().stats()).chunks).toBe(0);
  });

  it('[RP12] a state that came with the pages outlives the older rows of the log that follow them', async () => {
    const { pool, of, newSession, replica } = newReplicated();
    const session = newSession();
    const bodyOf = (version: number) => {
      const row = { home: a, instance: one, epoch: 0, version, claimedBy: '', ...limits() };
      const state = { kind: 'chunked', id: `${session}:0:${version}`, seal: 's', epoch: 0 } as const;
      return encodePage([{ session, slot: { kind: 'row', row }, state }]).buffer;
    };
    const [stream, bytes] = ['s', randomBytes(20_000)];
    const sent = [[`${session}:0:2`, 1]] as const;
    await replica().begin(of, stream, 0);
    await replica().chunks(of, [{ id: `${session}:0:2`, part: 0, body: bytes.buffer }]);
    const pages = [{ bucket: bucketOf(session), body: bodyOf(2) }];
    await replica().fill(of, { stream, from: 0, bucket: 0, next: 256, last: 2, pages, sent, at: 1 });
    const rows = [1, 2].map((seq) => ({ seq, body: bodyOf(seq) }));
    await replica().append(of, { stream, after: 0, upTo: 2, last: 2, rows, sent, at: 1 });
    expect(await replica().read(pool, session)).toMatchObject({ row: { version: 2 }, state: { bytes } });
  });

  it('[RP3] applies in order: what it knows changes nothing, what leaves a hole is answered with where it stands', async () => {
    const { of, newSession, replica, read } = newReplicated();
    const session = newSession();
    const row = { home: a, instance: one, epoch: 0, claimedBy: '', ...limits() };
    const bodyOf = (version: number) => {
      const state = { kind: 'inline', ...stateOf(`state ${version}`) } as const;
      return encodePage([{ session, slot: { kind: 'row', row: { ...row, version } }, state }]).buffer;
    };
    const rows = (after: number, stream = 's') => ({
      stream,
      after,
      upTo: after + 1,
      last: after + 1,
      rows: [{ seq: after + 1, body: bodyOf(after + 1) }],
      sent: [],
      at: 1,
    });
    await replica().begin(of, 's', 0);
    await replica().fill(of, {
      stream: 's',
      from: 0,
      bucket: 0,
      next: 256,
      last: 0,
      pages: [],
      sent: [],
      at: 1,
    });
    expect(await replica().append(of, rows(0))).toMatchObject({ kind: 'following', seq: 1 });
    expect(await replica().append(of, rows(2))).toMatchObject({ kind: 'following', seq: 1 });
    expect(await replica().append(of, rows(1))).toMatchObject({ kind: 'following', seq: 2 });
    expect(await replica().append(of, rows(0))).toMatchObject({ kind: 'following', seq: 2 });
    expect(await replica().append(of, rows(2, 'another life'))).toMatchObject({ stream: 's', seq: 2 });
    expect(await read(session)).toBe('2 state 2');
  });

  it('[RP3] that lacks chunks of a state does not take its row', async () => {
    const { of, replica } = newReplicated();
    await replica().begin(of, 's', 0);
    const filling = { stream: 's', from: 0, bucket: 0, next: 256, last: 0, pages: [], at: 1 };
    const lacking = { ...filling, sent: [['x', 2]] as const };
    expect(await replica().fill(of, lacking)).toMatchObject({ kind: 'filling', bucket: 0 });
    const chunks = [0, 1].map((part) => ({ id: 'x', part, body: new ArrayBuffer(9) }));
    await replica().chunks(of, chunks);
    expect(await replica().fill(of, lacking)).toMatchObject({ kind: 'following', seq: 0 });
  });

  it('[RP4] goes on where it stood after an eviction of either side', async () => {
    const { stub, newSession, put, becomes, replica, read, caughtUp } = newReplicated();
    const session = newSession();
    let version = 0;
    for (const evicted of [stub, replica, stub, replica]) {
      await put(session, ++version, 'before');
      await evictDurableObject(evicted());
      await put(session, ++version, 'after');
      await becomes(session, `${version} after`);
    }
    await caughtUp();
    await evictDurableObject(replica());
    expect(await read(session)).toBe(`${version} after`);
    const { position } = await replica().stats();
    expect(position).toMatchObject({ kind: 'following', seq: version });
  });

  it('[RP4] hears at the wake what an earlier life of the shard had not sent', async () => {
    const { pool, stub, newSession, put, read, caughtUp } = newReplicated();
    const session = newSession();
    await put(session, 1, 'sent');
    await caughtUp();
    await stub().put(pool, session, toStore(2, 'unsent'));
    await evictDurableObject(stub());
    await stub().locate(pool, session);
    await caughtUp();
    expect(await read(session)).toBe('2 unsent');
  });

  it('[RP5] is filled anew, page by page, when the log was cut', async () => {
    const { stub, newSession, put, becomes, replica, caughtUp } = newReplicated();
    const sessions = Array.from({ length: 40 }, newSession);
    await put(newSession(), 1, 'first');
    await caughtUp();
    const { position } = await replica().stats();
    await runInDurableObject(replica(), (_object, { storage }) => {
      // As if it had been away for long: it stands where the log begins no more.
      storage.kv.put('folded', 0);
      storage.sql.exec('DELETE FROM log');
    });
    await evictDurableObject(replica());
    await Promise.all(sessions.map((session) => put(session, 1, `of ${session}`)));
    await stub().fold();
    await runInDurableObject(stub(), (_object, { storage }) => void storage.sql.exec('DELETE FROM log'));
    await evictDurableObject(stub());
    await put(newSession(), 1, 'newest');
    for (const session of sessions) await becomes(session, `1 of ${session}`);
    expect((await replica().stats()).position).toMatchObject({ kind: 'following' });
    expect(position).toMatchObject({ kind: 'following' });
  });

  it('[RP5] of a shard that was there before it is filled with all that is stored, chunks too', async () => {
    const { pool, stub, newSession, put, becomes, replica, caughtUp } = newReplicated();
    const [folded, logged, large] = [newSession(), newSession(), newSession()];
    const bytes = randomBytes(900_000);
    await stub().put(pool, folded, toStore(1, 'folded'));
    await stub().put(pool, large, toStore(1, bytes));
    await stub().fold();
    await stub().put(pool, logged, toStore(1, 'logged'));
    await put(newSession(), 1, 'the first that says there is a replica');
    await becomes(folded, '1 folded');
    await becomes(logged, '1 logged');
    await caughtUp();
    expect(await replica().read(pool, large)).toMatchObject({ state: stateOf(bytes) });
  });

  it('[RP6] keeps the log until the replica has it, and no longer', async () => {
    const { of, pool, stub, newSession, put, replica, caughtUp } = newReplicated();
    const session = newSession();
    await stub().put(pool, session, toStore(1, 'alone'));
    await stub().fold();
    expect((await stub().stats()).logRows).toBe(0);
    // Its replica is not to be had: whoever asks it is told of another shard.
    await replica().begin({ ...of, shard: 'xx00002' }, 's', 0);
    await put(session, 2, 'kept');
    await stub().fold();
    expect((await stub().stats()).logRows).toBe(1);
    await runInDurableObject(replica(), (_object, { storage }) => void storage.kv.delete('address'));
    await evictDurableObject(replica());
    await runDurableObjectAlarm(stub());
    await caughtUp();
    await put(session, 3, 'kept too');
    await caughtUp();
    await stub().fold();
    expect((await stub().stats()).logRows).toBe(0);
  });

  it('[RP7] is seen with its lag', async () => {
    const { of, stub, newSession, put, replica, caughtUp } = newReplicated();
    const session = newSession();
    await put(session, 1, 'one');
    await caughtUp();
    expect((await stub().stats()).replicas).toMatchObject([
      { state: 'following', seqBehind: 0, msBehind: 0 },
    ]);
    await replica().begin({ ...of }, 'another life', 7);
    await runInDurableObject(replica(), (_object, { storage }) => {
      storage.kv.put('address', { ...of, shard: 'xx00002' });
    });
    await evictDurableObject(replica());
    await put(session, 2, 'two');
    await put(session, 3, 'three');
    await vi.waitFor(async () => {
      const [lag] = (await stub().stats()).replicas;
      expect(lag).toMatchObject({ state: 'away' });
      expect(lag?.seqBehind).toBeGreaterThanOrEqual(2);
      expect(lag?.msBehind).toBeGreaterThan(0);
    });
  });

  it('[RP8] folds its own log, drops what has expired, and counts its age from what the shard last said', async () => {
    const { pool, stub, newSession, put, becomes, replica, read, caughtUp } = newReplicated();
    const [session, brief] = [newSession(), newSession()];
    const before = Date.now();
    await put(session, 1, 'kept');
    await stub().put(pool, brief, { ...toStore(1, 'brief'), limits: limits(50) }, copied(1));
    await becomes(session, '1 kept');
    await becomes(brief, 'none');
    await caughtUp();
    await replica().fold();
    const { at, logRows } = await replica().stats();
    expect([logRows, at >= before]).toEqual([0, true]);
    await evictDurableObject(replica());
    expect(await read(session)).toBe('1 kept');
    expect((await replica().stats()).at).toBe(at);
    expect(await runDurableObjectAlarm(replica())).toBe(true);
    expect(await read(session)).toBe('1 kept');
  });
});

describe('durability', () => {
  it('[DU3] quorum: a change that was answered is readable at a replica at once', async () => {
    const { pool, stub, newSession, put, read, replica } = newReplicated();
    const session = newSession();
    for (let version = 1; version <= 5; version++) {
      expect(await put(session, version, 'v', copied(2, 'quorum'))).toMatchObject({ kind: 'stored' });
      expect([await read(session, 0), await read(session, 1)]).toContain(`${version} v`);
    }
    await stub().claim(pool, session, toClaim(0), copied(1, 'quorum'));
    expect(await replica().read(pool, session)).toMatchObject({ row: { epoch: 1 } });
    await stub().end(pool, session, { home: a, instance: one, endsAt: limits().endsAt }, copied(1, 'quorum'));
    expect(await read(session)).toBe('ended');
  });

  it('[DU3] quorum: without a replica a change is not acknowledged, asked for again neither, and is once one is back', async () => {
    const { of, newSession, put, replica, stub } = newReplicated();
    const session = newSession();
    await replica().begin({ ...of, shard: 'xx00002' }, 's', 0);
    const quorum = copied(1, 'quorum');
    expect(await put(session, 1, 'v', quorum)).toMatchObject({ kind: 'unreachable' });
    expect(await put(session, 1, 'v', quorum)).toMatchObject({ kind: 'unreachable' });
    expect(await put(session, 1, 'v')).toMatchObject({ kind: 'superseded' });
    await runInDurableObject(replica(), (_object, { storage }) => void storage.kv.delete('address'));
    await evictDurableObject(replica());
    await runDurableObjectAlarm(stub());
    await vi.waitFor(
      async () => expect(await put(session, 1, 'v', quorum)).toMatchObject({ kind: 'superseded' }),
      { timeout: 10_000 },
    );
  });

  it('[DU3] quorum: one of two replicas is enough', async () => {
    const { of, newSession, put, replica } = newReplicated();
    const session = newSession();
    await replica(0).begin({ ...of, shard: 'xx00002' }, 's', 0);
    expect(await put(session, 1, 'v', copied(2, 'quorum'))).toMatchObject({ kind: 'stored' });
  });

  it('[DU2] primary: answered while the replica is away', async () => {
    const { of, newSession, put, replica } = newReplicated();
    await replica().begin({ ...of, shard: 'xx00002' }, 's', 0);
    expect(await put(newSession(), 1, 'v', copied(1, 'primary'))).toMatchObject({ kind: 'stored' });
  });
});

describe('the configuration of replicas', () => {
  it('[RP9] reaches a shard with its writes; of two the younger one counts, and none ends the copying', async () => {
    const { newSession, put, stub, caughtUp } = newReplicated();
    const session = newSession();
    const replicas = async () => (await stub().stats()).replicas.length;
    await put(session, 1, 'v', { ...copied(1), revision: 5 });
    await put(session, 2, 'v', { ...copied(2), revision: 4 });
    expect(await replicas()).toBe(1);
    await evictDurableObject(stub());
    expect(await replicas()).toBe(1);
    await caughtUp();
    await put(session, 3, 'v', { ...copied(0), revision: 6 });
    await stub().fold();
    const { replicas: none, logRows } = await stub().stats();
    expect([none, logRows]).toEqual([[], 0]);
  });
});
