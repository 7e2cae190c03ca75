import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { plainProbing } from '../../worker/core/probing.ts';
import { describe, expect, it, vi } from 'vitest';
import { bucketOf, decodePage, mirrorKey } from '../../worker/core/page.ts';
import { eventually } from './eventually.ts';
import {
  a,
  assumed,
  b,
  between,
  limits,
  newShard,
  one,
  randomBytes,
  stateOf,
  textOf,
  toClaim,
  toRotate,
  toStore,
  two,
} from './shard-world.ts';

vi.setConfig({ testTimeout: 20_000 });

describe.each(Object.entries(between))('with %s between any two calls', (_name, happens) => {
  it('[SS1] a session is stored, moved with its state, fenced, renewed and ended', async () => {
    const { pool, stub, newSession } = newShard();
    const session = newSession();
    const steps = [
      () => stub().locate(pool, session),
      () => stub().put(pool, session, toStore(1, 'one')),
      () => stub().put(pool, session, toStore(2, 'two')),
      () => stub().put(pool, session, toStore(1, 'late')),
      () => stub().claim(pool, session, toClaim(0)),
      () => stub().claim(pool, session, toClaim(0)),
      () => stub().put(pool, session, toStore(3, 'stale')),
      () => stub().put(pool, session, toStore(3, 'three', { home: b, instance: two, epoch: 1 })),
      () => stub().renew(pool, session, { assumed, limits: limits() }),
      () => stub().claim(pool, session, toClaim(1, { home: a })),
      () => stub().end(pool, session, { home: a, instance: one, endsAt: limits().endsAt }),
      () => stub().put(pool, session, toStore(9, 'undead', { epoch: 2 })),
      () => stub().locate(pool, session),
    ];
    const answers: unknown[] = [];
    for (const step of steps) {
      const answer = await step();
      const state = 'state' in answer ? textOf(answer.state?.bytes) : undefined;
      answers.push(
        'row' in answer
          ? [answer.kind, answer.row.home, answer.row.epoch, answer.row.version, state]
          : answer.kind,
      );
      await happens(stub());
    }
    expect(answers).toEqual([
      'none',
      ['stored', 'a', 0, 1, undefined],
      ['stored', 'a', 0, 2, undefined],
      ['superseded', 'a', 0, 2, undefined],
      ['claimed', 'b', 1, 2, 'two'],
      ['claimed', 'b', 1, 2, 'two'],
      ['fenced', 'b', 1, 2, undefined],
      ['stored', 'b', 1, 3, undefined],
      ['row', 'b', 1, 3, undefined],
      ['claimed', 'a', 2, 3, 'three'],
      'ended',
      'ended',
      'ended',
    ]);
  });

  it('[SS2] a state of 1.4 MB is handed over as it was stored, and its chunks go when it is replaced', async () => {
    const { pool, stub, newSession } = newShard();
    const session = newSession();
    const [first, second] = [randomBytes(1_400_000), randomBytes(700_000)];
    await stub().put(pool, session, toStore(1, first));
    await happens(stub());
    const moved = await stub().claim(pool, session, toClaim(0));
    expect('state' in moved && moved.state).toEqual(stateOf(first));
    expect((await stub().stats()).chunks).toBe(3);
    await happens(stub());
    await stub().put(pool, session, toStore(2, second, { home: b, epoch: 1 }));
    await happens(stub());
    expect((await stub().stats()).chunks).toBe(2);
    const back = await stub().claim(pool, session, toClaim(1, { home: a }));
    expect('state' in back && back.state?.bytes).toEqual(second);
    await happens(stub());
    await stub().end(pool, session, { home: a, instance: one, endsAt: limits().endsAt });
    expect((await stub().stats()).chunks).toBe(0);
  });

  it('[SS3] a rotation takes the state to the new id, ends the old one, and is the same when it is asked for again', async () => {
    for (const text of ['small', 'x'.repeat(40_000)]) {
      const { pool, stub, newSession } = newShard();
      const [old, fresh] = [newSession(), newSession()];
      await stub().put(pool, old, toStore(1, text));
      await happens(stub());
      const rotated = await stub().rotate(pool, old, toRotate(fresh, 2));
      await happens(stub());
      expect(rotated).toMatchObject({ kind: 'rotated', row: { home: a, epoch: 1, version: 2 } });
      expect(await stub().rotate(pool, old, toRotate(fresh, 2))).toEqual(rotated);
      expect(await stub().locate(pool, old)).toEqual({ kind: 'ended' });
      await happens(stub());
      const claimed = await stub().claim(pool, fresh, toClaim(1));
      expect('state' in claimed && textOf(claimed.state?.bytes)).toBe(text);
    }
  });
});

describe('a claim', () => {
  it('[SS4] hands over the state only to the one who got the session', async () => {
    const { pool, shard, newSession } = newShard();
    const session = newSession();
    await shard.put(pool, session, toStore(1, 'cart'));
    const claims = await Promise.all(
      ['n1', 'n2', 'n3'].map((nonce) => shard.claim(pool, session, toClaim(0, { nonce }))),
    );
    expect(claims.map(({ kind }) => kind).sort()).toEqual(['claimed', 'row', 'row']);
    for (const claim of claims) expect('state' in claim).toBe(claim.kind === 'claimed');
  });
});

describe('a rotation', () => {
  it('[SS3] stores the state that it is given', async () => {
    const { pool, shard, newSession } = newShard();
    const [old, fresh] = [newSession(), newSession()];
    await shard.put(pool, old, toStore(1, 'x'.repeat(40_000)));
    await shard.rotate(pool, old, toRotate(fresh, 2, { state: stateOf('resealed', 1) }));
    const claimed = await shard.claim(pool, fresh, toClaim(1));
    expect('state' in claimed && claimed.state).toEqual(stateOf('resealed', 1));
    expect((await shard.stats()).chunks).toBe(0);
  });

  it('[SS3] of a fenced instance changes nothing', async () => {
    const { pool, shard, newSession } = newShard();
    const [old, fresh] = [newSession(), newSession()];
    await shard.put(pool, old, toStore(1, 'cart'));
    expect((await shard.rotate(pool, old, toRotate(fresh, 2, { instance: two }))).kind).toBe('fenced');
    expect((await shard.locate(pool, fresh)).kind).toBe('none');
    expect((await shard.locate(pool, old)).kind).toBe('row');
  });
});

describe('what is written', () => {
  it('[SS5] 200 writes at once share a few rows', async () => {
    const { pool, shard, newSession } = newShard();
    await shard.put(pool, newSession(), toStore(1, 'first'));
    const before = (await shard.stats()).rowsWritten;
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => shard.put(pool, newSession(), toStore(1, 'cart'))),
    );
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['stored']));
    const { rows, rowsWritten } = await shard.stats();
    expect(rows).toBe(201);
    expect(rowsWritten - before).toBeLessThanOrEqual(20);
  });

  it('[SS5] of several writes to one session in a group only the newest is stored', async () => {
    const { pool, shard, newSession } = newShard();
    const session = newSession();
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => shard.put(pool, session, toStore(at + 1, `version ${at + 1}`))),
    );
    expect((await shard.stats()).logEntries).toBeLessThan(20);
    const claimed = await shard.claim(pool, session, toClaim(0));
    expect('state' in claimed && textOf(claimed.state?.bytes)).toBe('version 50');
  });

  it('[SS6] no table has a second index, for each of its rows would be billed', async () => {
    const { pool, shard, newSession } = newShard();
    await shard.put(pool, newSession(), toStore(1, 'cart'));
    const indexes = await runInDurableObject(shard, (_, { storage }) =>
      storage.sql
        .exec(
          "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name NOT LIKE '\\_cf%' ESCAPE '\\'",
        )
        .toArray(),
    );
    expect(indexes).toEqual([]);
  });

  it('[SS7] a group that cannot be stored rejects its writers, and the object starts again from what is stored', async () => {
    const { pool, shard, stub, newSession } = newShard();
    const session = newSession();
    await shard.put(pool, session, toStore(1, 'kept'));
    const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    await runInDurableObject(
      shard,
      (_, { storage }) => void storage.sql.exec('ALTER TABLE log RENAME TO away'),
    );
    const writes = [2, 3].map((version) => shard.put(pool, session, toStore(version, 'lost')));
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await runInDurableObject(stub(), (_, { storage }) => {
      storage.sql.exec('DROP TABLE IF EXISTS log');
      storage.sql.exec('ALTER TABLE away RENAME TO log');
    });
    await abortAllDurableObjects();
    errors.mockRestore();
    expect(await stub().locate(pool, session)).toMatchObject({ row: { version: 1 } });
  });
});

describe('a fold', () => {
  it('[SS10] keeps every session, state and mark, empties the log and drops what has expired', async () => {
    const { pool, shard, newSession } = newShard();
    const kept = Array.from({ length: 300 }, newSession);
    const [ended, gone] = [newSession(), newSession()];
    await Promise.all(kept.map((session, at) => shard.put(pool, session, toStore(1, `cart ${at}`))));
    await shard.end(pool, ended, { home: a, instance: one, endsAt: limits().endsAt });
    await shard.put(pool, gone, toStore(1, 'x'.repeat(20_000), { limits: limits(-1) }));
    await shard.fold();
    await evictDurableObject(shard);
    expect(await shard.stats()).toMatchObject({ rows: 301, logRows: 0, logEntries: 0, chunks: 0 });
    const claims = await Promise.all(kept.map((session) => shard.claim(pool, session, toClaim(0))));
    expect(claims.map((claim) => 'state' in claim && textOf(claim.state?.bytes))).toEqual(
      kept.map((_, at) => `cart ${at}`),
    );
    expect(await shard.locate(pool, ended)).toEqual({ kind: 'ended' });
    expect(await shard.locate(pool, gone)).toEqual({ kind: 'none' });
  });

  it('[SS10] happens by itself when the log is full', async () => {
    const { pool, shard, newSession } = newShard();
    const state = randomBytes(15_000);
    await Promise.all(Array.from({ length: 300 }, () => shard.put(pool, newSession(), toStore(1, state))));
    await eventually(async () => expect((await shard.stats()).pages).toBeGreaterThan(50));
    expect((await shard.stats()).rows).toBe(300);
  });

  it('[SS10] of a page that has outgrown its row gives its largest states away', async () => {
    const { pool, shard, newSession } = newShard();
    const bucket = bucketOf(newSession());
    const sessions = Array.from({ length: 40_000 }, newSession)
      .filter((session) => bucketOf(session) === bucket)
      .slice(0, 80);
    const state = randomBytes(16_000);
    await Promise.all(sessions.map((session) => shard.put(pool, session, toStore(1, state))));
    await shard.fold();
    const { chunks, pages } = await shard.stats();
    expect(pages).toBe(1);
    expect(chunks).toBeGreaterThan(80 - 66);
    const claims = await Promise.all(sessions.map((session) => shard.claim(pool, session, toClaim(0))));
    for (const claim of claims) expect('state' in claim && claim.state?.bytes).toEqual(state);
  });

  it('[SS10] that fails on a corrupt page changes nothing, and comes through once the page is well again', async () => {
    const { pool, shard, newSession } = newShard();
    const sessions = Array.from({ length: 40 }, newSession);
    await Promise.all(sessions.map((session) => shard.put(pool, session, toStore(1, 'cart'))));
    const corrupt = sessions[20] ?? newSession();
    await runInDurableObject(shard, (_, { storage }) => {
      storage.sql.exec("INSERT INTO page (bucket, body) VALUES (?, X'02')", bucketOf(corrupt));
    });
    const folding = async () => await shard.fold();
    await expect(folding()).rejects.toThrow('Cannot read the page at byte 0: wanted format 1, found 2');
    const kept = await Promise.all(sessions.map((session) => shard.locate(pool, session)));
    expect(new Set(kept.map(({ kind }) => kind))).toEqual(new Set(['row']));
    await runInDurableObject(
      shard,
      (_, { storage }) => void storage.sql.exec("DELETE FROM page WHERE body = X'02'"),
    );
    await shard.fold();
    expect(await shard.stats()).toMatchObject({ rows: 40, logRows: 0, logEntries: 0 });
  });

  it('[SS11] leaves a copy of each page that it wrote in KV, without the states that live in chunks', async () => {
    const { pool, shard, newSession } = newShard();
    const [small, large] = [newSession(), newSession()];
    await shard.put(pool, small, toStore(1, 'cart'));
    await shard.put(pool, large, toStore(1, randomBytes(20_000)));
    await shard.fold();
    const copies = await Promise.all(
      [small, large].map(async (session) => {
        const key = mirrorKey(pool, 'xx00001', bucketOf(session));
        const { value, metadata } = await env.FALLBACK.getWithMetadata<{ at: number }>(key, 'arrayBuffer');
        expect(Math.abs(Date.now() - (metadata?.at ?? 0))).toBeLessThan(60_000);
        return value === null ? undefined : decodePage(value).find((entry) => entry.session === session);
      }),
    );
    expect(copies).toMatchObject([
      { session: small, state: { kind: 'inline', bytes: stateOf('cart').bytes } },
      { session: large, slot: { kind: 'row' }, state: { kind: 'chunked' } },
    ]);
  });
});

describe('the alarm', () => {
  it('[SS12] folds the log, and run again it changes nothing', async () => {
    const { pool, shard, newSession } = newShard();
    const session = newSession();
    await shard.put(pool, session, toStore(1, 'cart'));
    expect(await runDurableObjectAlarm(shard)).toBe(true);
    const once = await shard.stats();
    expect(once).toMatchObject({ rows: 1, logRows: 0, pages: 1 });
    await runInDurableObject(shard, (instance) => instance.alarm());
    expect(await shard.stats()).toMatchObject({ rows: 1, logRows: 0, pages: 1 });
    expect(await shard.locate(pool, session)).toMatchObject({ row: { version: 1 } });
  });

  it('[SS12] drops expired sessions from pages that nobody writes to', async () => {
    const { pool, shard, newSession } = newShard();
    await shard.put(pool, newSession(), toStore(1, 'x'.repeat(20_000), { limits: limits(300) }));
    await shard.fold();
    await eventually(async () => {
      await runInDurableObject(shard, (instance) => instance.alarm());
      expect(await shard.stats()).toMatchObject({ rows: 0, pages: 0, chunks: 0 });
    });
  });

  it('[SS12] does not come again for a shard that holds nothing', async () => {
    const { pool, shard, newSession } = newShard();
    await shard.put(pool, newSession(), toStore(1, 'gone', { limits: limits(-1) }));
    expect(await runDurableObjectAlarm(shard)).toBe(true);
    expect(await runDurableObjectAlarm(shard)).toBe(false);
  });
});

describe('the incarnations to be raised', () => {
  const probing = {
    revision: 1,
    origins: [{ id: a, url: 'http://127.0.0.1:9' }],
    health: { ...plainProbing, path: '/', intervalMs: 300_000, timeoutMs: 50, fall: 10, rise: 2 },
  };
  const incarnation = async (monitor: ReturnType<typeof newShard>['monitor']) =>
    (await monitor.status()).origins[0]?.incarnation;

  it('[SS13] reach the monitor right after the move, and once they have nothing is left to tell', async () => {
    const { pool, shard, monitor, newSession } = newShard();
    const session = newSession();
    await monitor.snapshot(probing);
    await shard.put(pool, session, toStore(1, 'cart'));
    await shard.claim(pool, session, toClaim(0));
    await eventually(async () => expect(await incarnation(monitor)).toBe(1));
    const left = () =>
      runInDurableObject(shard, (_, { storage }) => storage.sql.exec('SELECT * FROM raise').toArray());
    await eventually(async () => expect(await left()).toEqual([]));
  });

  it('[SS13] reach it by the alarm when the object was evicted before it could tell', async () => {
    const { pool, shard, monitor, newSession } = newShard();
    await monitor.snapshot(probing);
    await shard.locate(pool, newSession());
    await shard.put(pool, newSession(), toStore(1, 'cart'));
    await runInDurableObject(
      shard,
      (_, { storage }) => void storage.sql.exec("INSERT INTO raise (origin) VALUES ('a')"),
    );
    await evictDurableObject(shard);
    await runDurableObjectAlarm(shard);
    await eventually(async () => expect(await incarnation(monitor)).toBe(1));
  });
});

describe('a list', () => {
  it('[SS14] gives every session once, page by page, without the ended and the expired', async () => {
    const { pool, shard, newSession } = newShard();
    const sessions = Array.from({ length: 55 }, newSession);
    await Promise.all(sessions.slice(0, 30).map((session) => shard.put(pool, session, toStore(1, 'cart'))));
    await shard.fold();
    await Promise.all(sessions.slice(30).map((session) => shard.put(pool, session, toStore(1, 'cart'))));
    await shard.end(pool, newSession(), { home: a, instance: one, endsAt: limits().endsAt });
    await shard.put(pool, newSession(), toStore(1, 'gone', { limits: limits(-1) }));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await shard.list({ cursor, limit: 10 });
      seen.push(...page.rows.map(({ session }) => session));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen.toSorted()).toEqual(sessions.toSorted());
  });
});

describe('a misdirected call', () => {
  it('[SS15] for another pool or another shard is refused', async () => {
    const { pool, shard, newSession } = newShard();
    await shard.locate(pool, newSession());
    const misdirected = async () => await shard.locate(newShard().pool, newSession());
    await expect(misdirected()).rejects.toThrow('must not be asked for at');
  });
});
