import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import { base64url } from '../../../worker/core/base64url.ts';
import { a, b, contractReply, createWorld, instance, session, startMs, type World } from '../visit.ts';

const state = { 'limpet-state': base64url(new TextEncoder().encode('{"cart":[1]}')), 'limpet-version': '1' };
let world: World;

beforeEach(async () => {
  world = await createWorld();
});

/** What an origin answers to the next request of the session. */
async function answered(headers: Record<string, string>, init: RequestInit & { path?: string } = {}) {
  world.origins.set(a, () => contractReply(headers));
  return world.send({ ...init, headers: { cookie: await world.cookie() } });
}
const labelOf = async (name: string) => world.pool.keyring.subjectTag(name);

describe('an answer that names a subject', () => {
  it('[SB1] labels the session along with its state, in one call, and the client sees nothing of it', async () => {
    const response = await answered({ ...state, 'limpet-subject': 'user-42' });
    expect([
      response.status,
      [...response.headers.keys()].filter((name) => name.startsWith('limpet')),
    ]).toEqual([200, []]);
    expect(world.shards.calls).toEqual(['put']);
    expect(world.shards.row(session)).toMatchObject({ version: 1, subject: await labelOf('user-42') });
  });

  it('[SB1] labels it without a state too', async () => {
    expect((await answered({ 'limpet-subject': 'user-42' })).status).toBe(200);
    expect(world.shards.calls).toEqual(['label']);
    expect(world.shards.row(session)).toMatchObject({
      home: a,
      version: 0,
      subject: await labelOf('user-42'),
    });
  });

  it('[SB1] that is not 1 to 128 visible characters costs no state', async () => {
    await answered({ ...state, 'limpet-subject': 'user 42' });
    expect(world.shards.row(session)).toEqual(expect.not.objectContaining({ subject: expect.anything() }));
    expect(world.shards.row(session)).toMatchObject({ version: 1 });
  });

  it('[SB4] at a login labels the new session', async () => {
    await answered({ ...state, 'limpet-rotate': '1', 'limpet-subject': 'user-42' });
    const told = await world.told(await answered({}));
    expect(told).toBeUndefined();
    expect(world.shards.slot(session)).toMatchObject({ kind: 'ended' });
  });

  it('[SB3] of a session that moved is treated as a fenced change', async () => {
    await world.store('{}', { home: b, epoch: 1 });
    const response = await answered({ 'limpet-subject': 'user-42' }, { method: 'POST' });
    expect([response.status, response.headers.get('limpet-code')]).toEqual([409, 'session_moved']);
  });

  it('[SB1] gives a first visitor a cookie, as a state would', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-subject': 'user-42' }));
    for (const origin of [b, 'c' as typeof a])
      world.origins.set(origin, () => contractReply({ 'limpet-subject': 'user-42' }));
    const response = await world.send({ headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } });
    expect(await world.told(response)).toMatchObject({ epoch: 0 });
  });
});

describe('a PUT that names a subject', () => {
  it('[SB13] labels the session', async () => {
    await answered({});
    const capability = world.sent[0]?.headers.get('limpet-api')?.split(' ')[1];
    const headers = {
      authorization: `Bearer ${capability}`,
      'limpet-instance': instance,
      'limpet-epoch': '0',
    };
    const put = (version: string, more: Record<string, string>) =>
      answerOwnPath(
        new Request(`https://shop.example.com/.limpet/sessions/${session}`, {
          method: 'PUT',
          body: '{}',
          headers: { ...headers, 'limpet-version': version, ...more },
        }),
        world.edge,
      );
    expect((await put('1', { 'limpet-subject': 'user-42' })).status).toBe(200);
    expect(world.shards.row(session)).toMatchObject({ subject: await labelOf('user-42') });
    world.shards.write(session, { kind: 'ended', endsAt: startMs + 1_000_000 });
    expect((await put('2', {})).status).toBe(410);
    expect(world.lost).toEqual([]);
    expect((await put('3', { 'limpet-late': '1' })).status).toBe(410);
    expect(world.lost).toEqual([
      {
        session,
        at: startMs,
        why: 'session_ended',
        told: 'answered',
        method: 'PUT',
        path: '/.limpet/sessions/:id',
      },
    ]);
  });
});

describe('a write that is not kept', () => {
  const lost = { session, at: startMs, method: 'POST', path: '/cart' };
  const change = (path = '/cart?card=4111') => answered(state, { method: 'POST', path });

  it('[OP7] refused as fenced is noted, without the query', async () => {
    await world.store('{}', { home: b, epoch: 1 });
    expect((await change()).status).toBe(409);
    expect(world.lost).toEqual([{ ...lost, why: 'session_moved', told: 'refused' }]);
  });

  it('[OP7] of an ended session is noted', async () => {
    world.shards.write(session, { kind: 'ended', endsAt: startMs + 1_000_000 });
    expect((await change()).status).toBe(409);
    expect(world.lost).toEqual([{ ...lost, why: 'session_ended', told: 'refused' }]);
  });

  it('[OP7] that the shard did not answer is noted, whether the client was refused or served', async () => {
    for (const [onStoreFailure, status, told] of [
      ['refuse', 503, 'refused'],
      ['serve', 200, 'answered'],
    ] as const) {
      world = await createWorld({ pool: { session: { onStoreFailure } } });
      world.shards.goAway();
      expect((await change()).status).toBe(status);
      expect(world.lost).toEqual([{ ...lost, why: 'store_unreachable', told }]);
    }
  });

  it('[OP7] after the answer has left (async) is noted', async () => {
    world = await createWorld({ pool: { session: { durability: 'async' } } });
    await world.store('{}', { home: b, epoch: 1 });
    expect((await change()).status).toBe(200);
    await world.settled();
    expect(world.lost).toEqual([{ ...lost, why: 'session_moved', told: 'answered' }]);
  });

  it('[OP7] is not noted where it was kept, or sent again to where the session is', async () => {
    await change();
    await world.store('{}', { home: b, epoch: 1 });
    world.origins.set(b, () => contractReply({}));
    expect((await answered(state)).status).toBe(200);
    expect(world.lost).toEqual([]);
  });

  it('[OP7] names a path of any length by its beginning', async () => {
    world.shards.goAway();
    await change(`/${'x'.repeat(1_000)}`);
    expect(world.lost[0]?.path).toBe(`/${'x'.repeat(255)}`);
  });
});

describe('a snapshot', () => {
  it.each([
    [1_500, 'sync'],
    [1_501, 'waits'],
    [4_000, 'waits'],
  ])('[OP6] of %i ms: a request %s', async (ageMs, how) => {
    world.snapshotAgeMs = ageMs;
    let asked = 0;
    const { snapshots } = world.pool;
    Object.assign(world.pool, {
      snapshots: {
        ...snapshots,
        refresh: async (ms: number) => ((asked = ms), (world.snapshotAgeMs = 0), snapshots.current()),
      },
    });
    const visit = await world.visit();
    expect([asked, visit.view.trust]).toEqual([200, how === 'waits' ? 'fresh' : 'refresh']);
  });
});
