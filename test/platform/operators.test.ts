import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { plainProbing } from '../../worker/core/probing.ts';
import { describe, expect, it, vi } from 'vitest';
import { originId, type SessionId, subjectTag } from '../../worker/core/ids.ts';
import type { LostWrite } from '../../worker/core/lost-write.ts';
import { bucketOf, decodePage, mirrorKey } from '../../worker/core/page.ts';
import { eventually } from './eventually.ts';
import {
  a,
  assumed,
  b,
  between,
  limits,
  newShard,
  randomBytes,
  type Shard,
  textOf,
  toClaim,
  toRotate,
  toStore,
  two,
} from './shard-world.ts';

vi.setConfig({ testTimeout: 20_000 });

const shardKey = 'xx00001';
const [ada, bob] = [subjectTag('tag-of-ada'), subjectTag('tag-of-bob')];
const { endsAt } = limits();

interface Step<Found> {
  readonly found: readonly Found[];
  readonly next: number | undefined;
}

/** All steps of a search, one after the other. */
async function searched<Found>(step: (from: number) => Promise<Step<Found>>) {
  const found: Found[] = [];
  let steps = 0;
  for (let from: number | undefined = 0; from !== undefined; steps++) {
    const said: Step<Found> = await step(from);
    found.push(...said.found);
    from = said.next;
  }
  return { found, steps };
}

const world = newShard();
type World = typeof world;
const exported = ({ pool, stub }: World, subject = ada) =>
  searched((from) => stub().exportSubject(pool, shardKey, { subject, from, endsAt }));
const erased = ({ pool, stub }: World, subject = ada) =>
  searched((from) => stub().eraseSubject(pool, shardKey, { subject, from, endsAt }));
const ended = ({ pool, stub }: World, subject = ada) =>
  searched((from) => stub().endSubject(pool, shardKey, { subject, from, endsAt }));

describe.each(Object.entries(between))('with %s between any two calls', (_name, happens) => {
  it('[SB4] a label comes with a put or by itself, and outlives a move and a login', async () => {
    const { pool, stub, newSession } = newShard();
    const [session, next] = [newSession(), newSession()];
    const subjectNow = async (of: SessionId) => {
      await happens(stub());
      const slot = await stub().locate(pool, of);
      return slot.kind === 'row' ? slot.row.subject : slot.kind;
    };
    await stub().put(pool, session, toStore(1, 'one', { subject: ada }));
    expect(await subjectNow(session)).toBe(ada);
    await stub().claim(pool, session, toClaim(0));
    expect(await subjectNow(session)).toBe(ada);
    const place = { home: b, instance: two, epoch: 1, assumed, limits: limits() };
    expect(await stub().label(pool, session, { ...place, subject: bob })).toMatchObject({ kind: 'stored' });
    expect(await subjectNow(session)).toBe(bob);
    await stub().rotate(pool, session, toRotate(next, 2, { home: b, instance: two, epoch: 1 }));
    expect([await subjectNow(session), await subjectNow(next)]).toEqual(['ended', bob]);
    expect(textOf((await exportedOf(pool, stub(), bob))[0])).toBe('one');
  });

  it('[SB6] a subject is found in log, pages and chunks, and nobody else is', async () => {
    const shard = newShard();
    const { pool, stub, newSession } = shard;
    const states = ['small', 'x'.repeat(40_000), randomBytes(1_400_000)];
    const mine = new Map<SessionId, number>();
    for (const state of states) {
      const [session, other] = [newSession(), newSession()];
      await stub().put(pool, session, toStore(1, state, { subject: ada }));
      await stub().put(pool, other, toStore(1, state, { subject: bob }));
      await stub().put(pool, newSession(), toStore(1, 'nobody'));
      mine.set(session, state.length);
      await happens(stub());
    }
    const { found } = await exported(shard);
    expect(new Map(found.map(({ session, stateBytes }) => [session, stateBytes]))).toEqual(mine);
    for (const { session, state } of found) expect(state?.bytes.length).toBe(mine.get(session));
  });

  it('[OP4] an end needs no home and no epoch; afterwards nothing is stored under the id', async () => {
    const { pool, stub, newSession } = newShard();
    const session = newSession();
    await stub().put(pool, session, toStore(1, 'one'));
    await happens(stub());
    expect(await stub().show(pool, session)).toMatchObject({
      kind: 'row',
      row: { session, home: a, stateBytes: 3 },
    });
    await stub().endByOperator(pool, session, { endsAt, origins: [a, b] });
    await happens(stub());
    expect(await stub().show(pool, session)).toEqual({ kind: 'ended', endsAt });
    expect(await stub().put(pool, session, toStore(2, 'undead'))).toEqual({ kind: 'ended' });
    expect(await stub().claim(pool, session, toClaim(0))).toEqual({ kind: 'ended' });
  });

  it('[SB7] the end of a subject ends its sessions and no others', async () => {
    const shard = newShard();
    const { pool, stub, newSession } = shard;
    const [mine, other] = [newSession(), newSession()];
    await stub().put(pool, mine, toStore(1, 'mine', { subject: ada }));
    await stub().put(pool, other, toStore(1, 'other', { subject: bob }));
    await happens(stub());
    expect((await ended(shard)).found).toEqual([mine]);
    await happens(stub());
    expect((await ended(shard)).found).toEqual([]);
    expect(await stub().locate(pool, mine)).toEqual({ kind: 'ended' });
    expect(await stub().locate(pool, other)).toMatchObject({ kind: 'row' });
  });

  it('[SB9] an erasure leaves nothing of the states, whether the sessions were ended before or not', async () => {
    const shard = newShard();
    const { pool, stub, newSession } = shard;
    const [living, big, gone, other] = [newSession(), newSession(), newSession(), newSession()];
    await stub().put(pool, living, toStore(1, 'the secret of ada', { subject: ada }));
    await stub().put(pool, big, toStore(1, randomBytes(1_400_000), { subject: ada }));
    await stub().put(pool, gone, toStore(1, 'the secret of ada', { subject: ada }));
    await stub().put(pool, other, toStore(1, 'the secret of bob', { subject: bob }));
    await stub().fold();
    await happens(stub());
    expect(await textsInKv(pool, [living, gone, other])).toContain('the secret of ada');
    await stub().endByOperator(pool, gone, { endsAt, origins: [] });
    await happens(stub());

    expect((await erased(shard)).found.toSorted()).toEqual([living, big, gone].toSorted());
    const kv = await textsInKv(pool, [living, big, gone]);
    expect([kv.includes('the secret of ada'), (await stub().stats()).chunks]).toEqual([false, 0]);
    await happens(stub());
    expect((await erased(shard)).found).toEqual([]);
    expect((await exported(shard)).found).toEqual([]);
    expect((await exported(shard, bob)).found.map(({ session }) => session)).toEqual([other]);
    for (const session of [living, big, gone])
      expect(await stub().locate(pool, session)).toEqual({ kind: 'ended' });
  });
});

async function exportedOf(pool: World['pool'], shard: Shard, subject: typeof ada) {
  const { found } = await searched((from) => shard.exportSubject(pool, shardKey, { subject, from, endsAt }));
  return found.map(({ state }) => state?.bytes);
}

async function textsInKv(pool: string, sessions: readonly SessionId[]): Promise<string> {
  const pages = await Promise.all(
    sessions.map((session) => env.FALLBACK.get(mirrorKey(pool, shardKey, bucketOf(session)), 'arrayBuffer')),
  );
  const states = pages.flatMap((page) => (page === null ? [] : decodePage(page).map(({ state }) => state)));
  return states.map((state) => (state.kind === 'inline' ? textOf(state.bytes) : '')).join();
}

describe('a search', () => {
  it('[SB6] looks at sixteen pages per step, and finds each session once', async () => {
    const shard = newShard();
    const { pool, stub, newSession } = shard;
    const sessions = Array.from({ length: 120 }, newSession);
    await Promise.all(
      sessions.map((session) => stub().put(pool, session, toStore(1, 'x', { subject: ada }))),
    );
    await stub().fold();
    const pages = new Set(sessions.map(bucketOf)).size;
    const { found, steps } = await exported(shard);
    expect([found.map(({ session }) => session).toSorted(), steps]).toEqual([
      sessions.toSorted(),
      Math.ceil(pages / 16),
    ]);
  });

  it('[SB6] ends a step early when it has found some megabytes', async () => {
    const shard = newShard();
    const { pool, stub, newSession } = shard;
    for (let count = 0; count < 6; count++) {
      await stub().put(pool, newSession(), toStore(1, randomBytes(1_500_000), { subject: ada }));
    }
    const { found, steps } = await exported(shard);
    expect([found.length, steps > 1]).toEqual([6, true]);
  });

  it('[SB10] an erasure that KV does not take is none: asked again it does all of it', async () => {
    const shard = newShard();
    const { pool, stub, newSession } = shard;
    const session = newSession();
    await stub().put(pool, session, toStore(1, 'the secret of ada', { subject: ada }));
    await stub().fold();
    const kvPut = vi.spyOn(env.FALLBACK, 'put').mockRejectedValue(new Error('the test says so'));
    await expect(erased(shard)).rejects.toThrow('the test says so');
    kvPut.mockRestore();
    expect((await erased(shard)).found).toEqual([session]);
    expect(await textsInKv(pool, [session])).not.toContain('the secret of ada');
  });
});

describe('what an end raises', () => {
  const incarnations = async (monitor: World['monitor']) =>
    Object.fromEntries((await monitor.status()).origins.map(({ id, incarnation }) => [id, incarnation]));
  const probing = {
    revision: 1,
    origins: [a, b].map((id) => ({ id, url: `http://${id}.invalid` })),
    health: { ...plainProbing, path: '/', intervalMs: 60_000, timeoutMs: 100, fall: 9, rise: 1 },
  };

  it('[OP4] is the incarnation of the home, and of all origins where no row names one', async () => {
    const { pool, stub, newSession, monitor } = newShard();
    await monitor.snapshot(probing);
    const session = newSession();
    await stub().put(pool, session, toStore(1, 'one'));
    await stub().endByOperator(pool, session, { endsAt, origins: [a, b] });
    await eventually(async () => expect(await incarnations(monitor)).toEqual({ a: 1, b: 0 }));
    await monitor.snapshot(probing);
    await stub().endByOperator(pool, newSession(), { endsAt, origins: [a, b] });
    await eventually(async () => expect(await incarnations(monitor)).toEqual({ a: 2, b: 1 }));
  });

  it('[SB7] is the incarnation of every home that the subject had a session on', async () => {
    const shard = newShard();
    const { pool, stub, newSession, monitor } = shard;
    await monitor.snapshot(probing);
    for (const home of [a, b]) {
      await stub().put(
        pool,
        newSession(),
        toStore(1, 'x', { home, assumed: { home, epoch: 0 }, subject: ada }),
      );
    }
    await ended(shard);
    await eventually(async () => expect(await incarnations(monitor)).toEqual({ a: 1, b: 1 }));
  });
});

describe('the list of lost writes', () => {
  const write = (at: number, session: SessionId): LostWrite => ({
    session,
    at,
    why: 'session_moved',
    told: 'refused',
    method: 'POST',
    path: '/cart',
  });

  it('[OP8] has the newest thousand, newest first, and outlives an eviction', async () => {
    const { monitor, newSession } = newShard();
    const session = newSession();
    const now = Date.now();
    for (let batch = 0; batch < 11; batch++) {
      await monitor.noteLost(Array.from({ length: 100 }, (_, at) => write(now + batch * 100 + at, session)));
    }
    await evictDurableObject(monitor);
    const told = await monitor.lost();
    expect([told.length, told[0], told.at(-1)?.at]).toEqual([1_000, write(now + 1_099, session), now + 100]);
  });

  it('[OP8] forgets what is older than thirty days, and the sessions that are erased', async () => {
    const { monitor, newSession } = newShard();
    const [mine, other] = [newSession(), newSession()];
    const now = Date.now();
    await monitor.noteLost([write(now - 31 * 86_400_000, other), write(now, mine), write(now, other)]);
    expect((await monitor.lost()).map(({ session }) => session)).toEqual([other, mine]);
    await monitor.forgetLost([mine]);
    expect((await monitor.lost()).map(({ session }) => session)).toEqual([other]);
  });
});

it('[OP2] the list of a shard says how large the states are', async () => {
  const { pool, stub, newSession } = newShard();
  const sizes = [3, 40_000, 1_400_000];
  for (const size of sizes) await stub().put(pool, newSession(), toStore(1, randomBytes(size)));
  await stub().renew(pool, newSession(), { assumed: { home: originId('a'), epoch: 0 }, limits: limits() });
  const { rows } = await stub().list({ limit: 10 });
  expect(rows.map(({ stateBytes }) => stateBytes).toSorted((left, right) => left - right)).toEqual([
    0,
    ...sizes,
  ]);
});
