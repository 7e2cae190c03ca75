import { env } from 'cloudflare:workers';
import { evictDurableObject } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import { epochFloor, type Promotion } from '../../worker/core/promotion.ts';
import { plainProbing, type ProbingConfig } from '../../worker/core/probing.ts';
import { replicaName } from '../../worker/core/replication.ts';
import { copied, newReplicated } from './replica-world.ts';
import { b, randomBytes, stateOf, toClaim, toStore } from './shard-world.ts';

vi.setConfig({ testTimeout: 20_000 });

/** Why a call was refused; its answer where it was not. */
async function refusalOf(call: () => Promise<unknown>): Promise<string> {
  try {
    return `answered ${JSON.stringify(await call())}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A shard whose replica was promoted: handed over, promoted, recorded. */
async function promoted() {
  const world = newReplicated();
  const { pool, of, newSession, stub, replica, put, monitor, caughtUp } = world;
  const [session, large] = [newSession(), newSession()];
  const bytes = randomBytes(900_000);
  await put(session, 1, 'one');
  await stub().put(pool, large, toStore(1, bytes), copied(1));
  await caughtUp();
  const object = replicaName(`${pool}:xx00001`, { region: '', jurisdiction: '' }, 0);
  const to: Promotion = { generation: 1, object, jurisdiction: '' };
  const { attempt } = await monitor.beginPromotion('xx00001');
  await stub().standFor(pool, 'xx00001', attempt);
  const handed = await stub().makeWay(pool, 'xx00001', to);
  await replica().closeTo(of, attempt);
  const said = await replica().promote(of, attempt, to, copied(1));
  const record = () => monitor.promoted('xx00001', attempt, to);
  return { ...world, session, large, bytes, to, handed, said, record };
}

describe('a promoted replica', () => {
  it('[PR1] is the shard: sessions, states of any size, marks; it answers once the monitor has recorded it', async () => {
    const { pool, session, large, bytes, to, handed, said, record, replica } = await promoted();
    expect([handed, said]).toEqual([
      { kind: 'handed', to },
      { kind: 'promoted', by: to },
    ]);
    expect(await refusalOf(() => replica().locate(pool, session))).toContain('Not promoted: xx00001');
    await record();
    expect(await replica().locate(pool, session)).toMatchObject({
      kind: 'row',
      row: { home: 'a', version: 1 },
    });
    expect(await replica().put(pool, session, toStore(2, 'two'))).toMatchObject({ kind: 'stored' });
    const claimed = await replica().claim(pool, large, toClaim(0));
    expect(claimed).toMatchObject({ kind: 'claimed', row: { home: b }, state: stateOf(bytes) });
  });

  it('[PR2] gives out epochs above all that the old shard may have given, and steps over those that only its lost log knew', async () => {
    const { pool, session, record, replica } = await promoted();
    await record();
    const lost = await replica().put(pool, session, toStore(2, 'of a lost claim', { epoch: 3 }));
    expect(lost).toMatchObject({ kind: 'fenced', row: { epoch: epochFloor(1), version: 1, instance: '' } });
    const claimed = await replica().claim(pool, session, toClaim(epochFloor(1)));
    expect(claimed).toMatchObject({ kind: 'claimed', row: { epoch: epochFloor(1) + 1 } });
    const other = await replica().claim(pool, session, toClaim(2, { nonce: 'from an old cookie' }));
    expect(other).toMatchObject({ kind: 'row', row: { epoch: epochFloor(1) + 1 } });
  });

  it('[PR3] the old shard answers nothing any more and says who does, also after an eviction', async () => {
    const { pool, session, to, stub, put } = await promoted();
    const text = `Replaced: ${JSON.stringify({ shard: 'xx00001', ...to })}`;
    for (const stage of ['alive', 'evicted']) {
      if (stage === 'evicted') await evictDurableObject(stub());
      expect(await refusalOf(() => put(session, 2, 'two'))).toContain(text);
      expect(await refusalOf(() => stub().locate(pool, session))).toContain(text);
      expect(await refusalOf(() => stub().claim(pool, session, toClaim(0)))).toContain(text);
    }
  });

  it('[PR4] goes on after an eviction, has replicas of its own, and takes no log of the old shard', async () => {
    const { pool, of, session, record, replica } = await promoted();
    await record();
    await evictDurableObject(replica());
    const quorum = copied(1, 'quorum');
    expect(await replica().put(pool, session, toStore(2, 'two'), quorum)).toMatchObject({ kind: 'stored' });
    const next = env.SHARD_REPLICA.getByName(
      replicaName(`${pool}:xx00001:g1`, { region: '', jurisdiction: '' }, 0),
    );
    expect(await next.read(pool, session)).toMatchObject({ kind: 'copy', row: { version: 2 } });
    expect(await refusalOf(() => replica().position(of))).toContain('any more');
    expect(await replica().read(pool, session)).toEqual({ kind: 'none' });
  });
});

describe('an attempt to promote', () => {
  it('[PR11] that a later one has overtaken undoes nothing of it: the shard may have handed over', async () => {
    const { of, newSession, put, replica, caughtUp } = newReplicated();
    await put(newSession(), 1, 'one');
    await caughtUp();
    await replica().closeTo(of, 3);
    await replica().promote(of, 3, { generation: 3, object: 'x', jurisdiction: '' }, copied(1));
    const { seq } = await replica().standing(of);
    expect(await replica().reopen(of, 2)).toBe('overtaken');
    expect(await replica().standing(of)).toMatchObject({ generation: 3, closedTo: 3, isWhole: true, seq });
  });
});

describe('the record of a promotion', () => {
  it('[PR5] is in every snapshot, raises every incarnation, and is not undone by an older one', async () => {
    const { monitor, to, record } = await promoted();
    const probing: ProbingConfig = {
      revision: 1,
      health: {
        ...plainProbing,
        path: '/',
        intervalMs: 60_000,
        doubtIntervalMs: 60_000,
        timeoutMs: 100,
        fall: 2,
        rise: 2,
      },
      origins: [{ id: b, url: 'http://127.0.0.1:9' }],
    };
    const before = (await monitor.snapshot(probing)).snapshot;
    await record();
    const after = (await monitor.snapshot(probing)).snapshot;
    expect(after.promoted).toEqual({ xx00001: to });
    expect(after.version).toBeGreaterThan(before.version);
    expect(after.origins[b]?.incarnation).toBe((before.origins[b]?.incarnation ?? 0) + 1);
    expect(await monitor.promoted('xx00001', 1, { ...to, object: 'another' })).toEqual(to);
  });
});

describe('a shard that nobody confirms', () => {
  it('[PR6] answers nothing once its monitor and its replicas are closed to it and what was confirmed has lapsed', async () => {
    const { pool, of, stub, newSession, put, replica, monitor, caughtUp } = newReplicated();
    const session = newSession();
    await put(session, 1, 'one');
    await caughtUp();
    const { attempt } = await monitor.beginPromotion('xx00001');
    await monitor.closeShard('xx00001', attempt);
    await replica().closeTo(of, 1);
    // Its memory of having been confirmed goes with the eviction, as it would with time.
    await evictDurableObject(stub());
    expect(await refusalOf(() => put(session, 2, 'two'))).toContain('may no longer be the shard');
    expect(await refusalOf(() => stub().locate(pool, session))).toContain('may no longer be the shard');
    expect(await replica().reopen(of, 1)).toBe('reopened');
    await monitor.beginPromotion('xx00001');
    expect(await put(session, 3, 'three')).toMatchObject({ kind: 'stored' });
  });

  it('[PR6] one without replicas asks nobody', async () => {
    const { pool, stub, newSession, monitor } = newReplicated();
    const { attempt } = await monitor.beginPromotion('xx00001');
    await monitor.closeShard('xx00001', attempt);
    const said = await stub().put(pool, newSession(), toStore(1, 'one'), copied(0));
    expect(said).toMatchObject({ kind: 'stored' });
  });
});
