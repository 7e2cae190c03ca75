import { beforeEach, describe, expect, it } from 'vitest';
import { a, b, contractReply, createWorld, reply, session, startMs, startS, type World } from '../visit.ts';

const quarterIdleMs = 450_000;
let world: World;
let cookie: string;

beforeEach(async () => {
  world = await createWorld();
  cookie = await world.cookie();
});

const get = (headers: Record<string, string> = {}) => world.send({ headers: { cookie, ...headers } });

describe('the steady state', () => {
  it('[PL1] asks nobody: a hundred requests, no shard, no KV, no probe, and the answer untouched', async () => {
    const answers: Response[] = [];
    world.origins.set(a, () => {
      const answer = reply('ok', { headers: { etag: '"1"' } });
      answers.push(answer);
      return answer;
    });
    await get();
    const responses = [];
    for (let at = 0; at < 100; at++) responses.push(await get());
    expect(responses.every((response, at) => response === answers[at + 1])).toBe(true);
    expect([world.shards.calls, world.doubted, world.kept, world.reported]).toEqual([[], [], [], []]);
    expect(new Set(world.sent.map(({ origin }) => origin))).toEqual(new Set([a]));
    expect(world.edge.counters.all()).toEqual({ 'request.shop.kept.home_usable': 101 });
  });

  it('[PL2] computes one signature per session and minute, and gives the origin the same contract each time', async () => {
    await get();
    await get();
    await world.clock.pass(60_000);
    await get();
    const [first, second, third] = world.sent.map(({ headers }) => headers.get('limpet-signature'));
    expect(first).toMatch(/^v1\.\d+\.[\w-]{43}$/);
    expect([second === first, third === first]).toEqual([true, false]);
    expect(world.sent[0]?.headers.get('limpet-session')).toBe(session);
    expect(world.sent[0]?.headers.get('limpet-epoch')).toBe('0');
  });

  it('[PL2] signs anew when the session’s epoch has risen', async () => {
    await get();
    cookie = await world.cookie({ epoch: 1 });
    await get();
    const [before, after] = world.sent.map(({ headers }) => headers);
    expect(after?.get('limpet-epoch')).toBe('1');
    for (const name of ['limpet-signature', 'limpet-api'])
      expect(after?.get(name)).not.toBe(before?.get(name));
  });

  it('[PL2] signs method and target where the request is not safe', async () => {
    await get();
    await world.send({ method: 'POST', path: '/one', headers: { cookie } });
    await world.send({ method: 'POST', path: '/other', headers: { cookie } });
    expect(new Set(world.sent.map(({ headers }) => headers.get('limpet-signature'))).size).toBe(3);
  });

  it('[PL2] signs what is carried, as docs/contract.md says', async () => {
    world.standing(a, { health: 'down' });
    await world.store('{}', { version: 7 });
    await world.send({ method: 'POST', path: '/cart?item=1', headers: { cookie } });
    const [moved] = world.sent;
    const api = moved?.headers.get('limpet-api');
    const bucket = startMs / 60_000;
    const others = 'limpet-state:e30\nlimpet-version:7';
    const message = ['limpet-request-v1', bucket, session, 1, api, 'POST /cart?item=1', others].join('\n');
    const signature = `v1.${bucket}.${await world.pool.keyring.signRequest(moved?.origin ?? a, message)}`;
    expect(moved?.headers.get('limpet-signature')).toBe(signature);
  });

  it('[PL3] a session whose origin answers without a state leaves no row', async () => {
    world.origins.set(a, () => contractReply({}));
    await get();
    expect(world.shards.calls).toEqual([]);
  });

  it('[PL4] a pool in local mode speaks no contract', async () => {
    world = await createWorld({ pool: { session: { mode: 'local' } } });
    cookie = await world.cookie();
    await get();
    expect([...(world.sent[0]?.headers.keys() ?? [])].filter((name) => name.startsWith('limpet'))).toEqual(
      [],
    );
  });

  it('[PL5] contract headers of an answer never reach the client', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-epoch': '0', 'limpet-anything': 'x' }));
    expect([...(await get()).headers.keys()].filter((name) => name.startsWith('limpet'))).toEqual([]);
  });

  it('[PL6] malformed contract headers are believed in nothing: counted, taken off, and the answer goes out', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-version': 'seven', 'limpet-state': 'e30' }));
    const response = await get();
    expect([response.status, response.headers.get('limpet-state'), world.shards.calls]).toEqual([
      200,
      null,
      [],
    ]);
    expect(world.edge.counters.all()).toMatchObject({ contract_malformed: 1 });
  });
});

describe('a cookie of an old incarnation', () => {
  beforeEach(() => {
    world.standing(a, { incarnation: 4 });
  });

  it('[PL7] asks the map once, and is signed anew under the incarnation that was known before', async () => {
    const response = await get();
    expect(world.shards.calls).toEqual(['locate']);
    expect(await world.told(response)).toMatchObject({ session, home: a, epoch: 0, incarnation: 4 });
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    await get();
    expect(world.shards.calls).toEqual(['locate']);
  });

  it('[PL7] whose incarnation rises while the request is under way is signed under the one known before the decision', async () => {
    world.origins.set(a, () => {
      world.standing(a, { incarnation: 5 });
      return reply();
    });
    expect(await world.told(await get())).toMatchObject({ incarnation: 4 });
  });

  it('[PL8] goes where the map says, and is told so', async () => {
    await world.store('{}', { home: b, epoch: 6 });
    const response = await get();
    expect(world.sent.map(({ origin }) => origin)).toEqual([b]);
    expect(await world.told(response)).toMatchObject({ home: b, epoch: 6 });
  });

  it('[PL8] whose home by the map is down is moved on from there', async () => {
    await world.store('{}', { home: b, epoch: 6 });
    world.standing(b, { health: 'down' });
    expect(await world.told(await get())).toMatchObject({ epoch: 7 });
    expect([world.shards.calls, world.sent.some(({ origin }) => origin === b)]).toEqual([
      ['locate', 'claim'],
      false,
    ]);
  });

  it('[PL9] is never signed anew without an answer: with the shard away it routes by itself, and stays as it is', async () => {
    world.shards.goAway();
    const response = await get();
    expect([response.status, world.sent[0]?.origin, await world.told(response)]).toEqual([200, a, undefined]);
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.kept.store_unreachable': 1 });
  });
});

describe('a stale snapshot', () => {
  beforeEach(() => {
    world.snapshotAgeMs = 6_000;
  });

  it('[SN12] makes each session ask its shard instead of trusting its cookie', async () => {
    await world.store('{}', { home: b, epoch: 6 });
    expect(await world.told(await get())).toMatchObject({ home: b, epoch: 6 });
    expect(world.shards.calls).toEqual(['locate']);
  });

  it('[SN13] is used as it is when the shard is away too, and the outcome says so', async () => {
    world.shards.goAway();
    expect((await get()).status).toBe(200);
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.kept.stale_snapshot': 1 });
  });
});

describe('a renewal', () => {
  beforeEach(async () => {
    await world.clock.pass(quarterIdleMs);
  });

  it('[PL10] is due after a quarter of the idle time, writes the row, and the cookie says when', async () => {
    const told = await world.told(await get());
    expect(world.shards.calls).toEqual(['renew']);
    expect(told).toMatchObject({
      session,
      home: a,
      epoch: 0,
      startedS: startS,
      renewedS: startS + quarterIdleMs / 1000,
    });
    expect(world.shards.row(session)).toMatchObject({ home: a, epoch: 0, version: 0 });
  });

  it('[PL10] is asked while the origin works, not before', async () => {
    const reached = Promise.withResolvers<void>();
    const { renew } = world.shards;
    world.shards.renew = async (...wish) => {
      await reached.promise;
      return renew(...wish);
    };
    world.origins.set(a, () => {
      reached.resolve();
      return reply();
    });
    expect(await world.told(await get())).toMatchObject({ renewedS: startS + quarterIdleMs / 1000 });
  });

  it('[PL11] that the map does not answer leaves the cookie as it is', async () => {
    world.shards.goAway();
    expect(await world.told(await get())).toBeUndefined();
  });

  it('[PL11] of a session that was ended leaves the cookie as it is', async () => {
    world.shards.write(session, { kind: 'ended', endsAt: world.clock.now() + 1_000_000 });
    expect(await world.told(await get())).toBeUndefined();
  });

  it('[PL12] that finds the session elsewhere tells the client where it is', async () => {
    await world.store('{}', { home: b, epoch: 2 });
    expect(await world.told(await get())).toMatchObject({ home: b, epoch: 2 });
  });
});
