import { beforeEach, describe, expect, it } from 'vitest';
import { originId } from '../../../worker/core/ids.ts';
import { a, b, c, contractReply, createWorld, reply, session, type World } from '../visit.ts';
import { carriedIn, codeOf, dies, pathIn } from './scene.ts';

const cart = '{"cart":[1]}';
let world: World;
let cookie: string;

beforeEach(async () => {
  world = await createWorld();
  cookie = await world.cookie();
});

const get = () => world.send({ headers: { cookie } });
const post = (headers: Record<string, string> = {}) =>
  world.send({ method: 'POST', body: 'item=2', headers: { cookie, 'content-length': '6', ...headers } });
const path = () => pathIn(world);
const carried = () => carriedIn(world);

describe('a home that is down', () => {
  beforeEach(() => {
    world.standing(a, { health: 'down' });
  });

  it('[PL13] is left by a claim, whose state goes to one attempt, and the client is told', async () => {
    await world.store(cart, { version: 7 });
    const response = await get();
    expect(response.status).toBe(200);
    expect(world.shards.calls).toEqual(['claim']);
    expect(carried()).toEqual([cart]);
    expect(world.sent[0]?.headers.get('limpet-version')).toBe('7');
    expect(await world.told(response)).toMatchObject({ session, home: world.sent[0]?.origin, epoch: 1 });
    expect(world.shards.raised).toEqual([a]);
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    await get();
    expect(carried()).toEqual([cart, undefined]);
    expect(world.edge.counters.all()).toMatchObject({
      'request.shop.restored.home_down': 1,
      'request.shop.kept.home_usable': 1,
    });
  });

  it('[PL13] a state whose attempt fails is not sent again without a new claim', async () => {
    await world.store(cart);
    dies(world, b);
    expect((await get()).status).toBe(200);
    const claims = world.shards.calls.filter((call) => call === 'claim').length;
    expect(claims).toBe(path().length);
    expect(carried()).toEqual(path().map(() => cart));
    expect(world.shards.row(session)).toMatchObject({ home: c, epoch: claims });
  });

  it('[PL13] a state is not sent again to an origin that lost the connection and is tried once more', async () => {
    await world.store(cart);
    for (const origin of [b, c]) {
      let tries = 0;
      world.origins.set(origin, () =>
        (tries += 1) === 1 ? Promise.reject(new TypeError('reset')) : reply(),
      );
    }
    expect((await get()).status).toBe(200);
    expect([carried(), world.shards.calls]).toEqual([[cart, undefined], ['claim']]);
  });

  it('[PL14] a state too large for a header is fetched by the origin', async () => {
    await world.store('x'.repeat(4_000));
    await get();
    expect(world.sent[0]?.headers.get('limpet-restore')).toBe('fetch');
    expect(carried()).toEqual([undefined]);
  });

  it('[PL14] and so is one beside a large cookie jar: together they would not pass as headers', async () => {
    await world.store('x'.repeat(1_000));
    cookie = `${cookie}; large=${'y'.repeat(5_500)}`;
    await get();
    expect(world.sent[0]?.headers.get('limpet-restore')).toBe('fetch');
  });

  it('[PL15] a state whose seal does not fit is nobody’s: an empty session, counted', async () => {
    await world.store(cart);
    world.shards.write(session, world.shards.slot(session), {
      bytes: new TextEncoder().encode('{"admin":true}'),
      seal: 'A'.repeat(22),
      epoch: 0,
    });
    await get();
    expect(carried()).toEqual(['']);
    expect(world.edge.counters.all()).toMatchObject({ 'state_refused.seal': 1 });
  });

  it('[PL16] in a pool that loses sessions with their home, the new home is told that there is nothing', async () => {
    world = await createWorld({ pool: { session: { onHomeLost: 'empty' } } });
    world.standing(a, { health: 'down' });
    await world.store(cart);
    await get();
    expect(carried()).toEqual(['']);
  });

  it('[PL17] a session that has moved already is followed, not moved again', async () => {
    await world.store(cart, { home: b, epoch: 3 });
    expect(await world.told(await get())).toMatchObject({ home: b, epoch: 3 });
    expect([path(), carried(), world.shards.calls]).toEqual([[b], [undefined], ['claim']]);
  });

  it('[PL18] with the shard away nothing moves: no shard, no move', async () => {
    world.shards.goAway();
    const refused = await post();
    expect(codeOf(refused)).toEqual([503, 'store_unreachable']);
    expect([refused.headers.get('retry-after'), path(), await world.told(refused)]).toEqual([
      '5',
      [],
      undefined,
    ]);
  });

  it('[PL19] with the shard away a safe request is served read-only from the copy in KV, and the cookie keeps naming home', async () => {
    await world.store(cart, { version: 7, epoch: 0 });
    const row = world.shards.row(session);
    if (row === undefined) throw new Error('Cannot copy a session that is not stored');
    const bytes = new TextEncoder().encode(cart);
    world.copies.set(session, {
      row,
      ageMs: 12_300,
      state: { bytes, epoch: 0, seal: await world.pool.keyring.sealState(session, 0, bytes) },
    });
    world.shards.goAway();
    expect(codeOf(await post())).toEqual([503, 'store_unreachable']);
    const response = await get();
    expect([response.status, await world.told(response)]).toEqual([200, undefined]);
    expect([carried(), world.sent[0]?.headers.get('limpet-read-only')]).toEqual([[cart], '13']);
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.fallback.read_only_copy': 1 });
  });

  it('[PL19] a copy that is older than the cookie, or whose seal does not fit, is not served', async () => {
    await world.store(cart, { version: 7 });
    const row = world.shards.row(session);
    if (row === undefined) throw new Error('Cannot copy a session that is not stored');
    const bytes = new TextEncoder().encode(cart);
    const seal = await world.pool.keyring.sealState(session, 0, bytes);
    world.shards.goAway();
    world.copies.set(session, { row, ageMs: 0, state: { bytes, epoch: 0, seal: 'A'.repeat(22) } });
    expect(codeOf(await get())).toEqual([503, 'store_unreachable']);
    world.copies.set(session, { row, ageMs: 0, state: { bytes, epoch: 0, seal } });
    cookie = await world.cookie({ epoch: 1 });
    expect(codeOf(await get())).toEqual([503, 'store_unreachable']);
  });

  it('[PL20] with every origin down a safe request gets the kept answer with its age, and anything else 503', async () => {
    for (const origin of [b, c]) world.standing(origin, { health: 'down' });
    world.cached.set('shop.example.com/', {
      response: new Response('kept', { headers: { 'content-type': 'text/plain' } }),
      ageMs: 61_000,
    });
    const response = await get();
    expect([
      response.status,
      response.headers.get('age'),
      response.headers.get('cache-control'),
      await response.text(),
    ]).toEqual([200, '61', 'no-store', 'kept']);
    const refused = await post();
    expect([...codeOf(refused), refused.headers.get('retry-after'), await world.told(refused)]).toEqual([
      503,
      'no_origin',
      '5',
      undefined,
    ]);
  });
});

describe('a session that is new', () => {
  it('[PL21] may be what a failed attempt has used: another id is drawn, and only the first attempt for an id says "new"', async () => {
    dies(world, a, b);
    const response = await world.send();
    expect(response.status).toBe(200);
    const ids = world.sent.map(({ headers }) => headers.get('limpet-session'));
    expect(new Set(ids).size).toBe(ids.length);
    expect(world.sent.every(({ headers }) => headers.get('limpet-new') === '1')).toBe(true);
    expect(world.shards.calls).toEqual([]);
  });

  it('[PL21] has no row until its client comes back or its origin has a state', async () => {
    const response = await world.send();
    expect([await world.told(response), world.shards.calls]).toEqual([
      expect.objectContaining({ epoch: 0 }),
      [],
    ]);
  });
});

describe('an origin that lacks something', () => {
  const needs = (need: string, then: () => Response = reply) => {
    let asked = 0;
    world.origins.set(a, () => {
      asked += 1;
      return asked === 1 ? reply('', { status: 409, headers: { 'limpet-need': need } }) : then();
    });
  };

  it('[PL22] a state: the edge claims for it and sends the request again, whatever its method', async () => {
    await world.store(cart, { version: 7 });
    needs('state');
    expect((await post()).status).toBe(200);
    expect([path(), carried(), world.shards.calls]).toEqual([[a, a], [undefined, cart], ['claim']]);
    expect(world.shards.row(session)).toMatchObject({ home: a, epoch: 1 });
  });

  it('[PL22] the row: the map is asked, and the request goes where it says', async () => {
    await world.store(cart, { home: b, epoch: 2 });
    needs('row');
    const response = await post();
    expect([path(), world.shards.calls]).toEqual([[a, b], ['locate']]);
    expect(await world.told(response)).toMatchObject({ home: b, epoch: 2 });
  });

  it('[PL22] the session, which it has ended: the client goes on under a new one', async () => {
    needs('session');
    const told = await world.told(await get());
    expect(told?.session).not.toBe(session);
    expect(world.sent[1]?.headers.get('limpet-new')).toBe('1');
  });

  it('[RG8] a session that lives where this request has heard of nobody: 503 with Retry-After, the next one will have', async () => {
    await world.store(cart, { home: originId('web-1'), epoch: 2 });
    needs('state');
    const response = await post();
    expect([...codeOf(response), response.headers.has('retry-after')]).toEqual([503, 'home_in_doubt', true]);
    world.origins.set(a, () => contractReply({ 'limpet-version': '9', 'limpet-state': 'e30' }));
    expect(codeOf(await get())).toEqual([503, 'home_in_doubt']);
    expect(path()).toEqual([a, a]);
  });

  it('[PL22] with the shard away it is 503: not executed', async () => {
    world.shards.goAway();
    needs('state');
    expect(codeOf(await post())).toEqual([503, 'store_unreachable']);
  });

  it('[PL22] what came with a body that is gone is not sent again', async () => {
    world = await createWorld({ pool: { attempts: { bodyBytesMax: 3 } } });
    cookie = await world.cookie();
    await world.store(cart);
    needs('state');
    expect((await post()).status).toBe(502);
    expect(path()).toEqual([a]);
  });

  it('[PL22] an origin that always needs is not asked for ever', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-need': 'state' }, { status: 409 }));
    expect((await get()).status).toBe(503);
    expect(path()).toEqual([a, a, a]);
  });
});
