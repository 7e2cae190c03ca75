import { beforeEach, describe, expect, it } from 'vitest';
import { base64url } from '../../../worker/core/base64url.ts';
import { instanceId } from '../../../worker/core/ids.ts';
import { shardOf } from '../../../worker/core/session-id.ts';
import {
  a,
  b,
  contractReply,
  createWorld,
  instance,
  reply,
  session,
  startMs,
  startS,
  type World,
  type WorldOptions,
} from '../visit.ts';
import { codeOf, pathIn } from './scene.ts';

const cart = '{"cart":[1,2]}';
const otherInstance = instanceId('instance-two-0002');
let world: World;
let cookie: string;

async function begin(options: WorldOptions = {}) {
  world = await createWorld(options);
  cookie = await world.cookie();
}
beforeEach(() => begin());

const get = () => world.send({ headers: { cookie } });
const post = () => world.send({ method: 'POST', body: 'item=2', headers: { cookie, 'content-length': '6' } });
const path = () => pathIn(world);
const state = (version: number, text = cart) => ({
  'limpet-version': String(version),
  'limpet-state': base64url(new TextEncoder().encode(text)),
});
const gives = (headers: Record<string, string>, origin = a) =>
  void world.origins.set(origin, () => contractReply(headers));
/** Home, epoch and version in the map, as the origin answers. */
const inMap = () => {
  const row = world.shards.row(session);
  return row && [row.home, row.epoch, row.version];
};

describe('a state that comes with an answer', () => {
  it('[PL23] is stored before the client sees the answer, under the epoch that was served', async () => {
    const order: string[] = [];
    const { put } = world.shards;
    world.shards.put = async (...wish) => {
      const said = await put(...wish);
      order.push(said.kind);
      return said;
    };
    gives({ ...state(1), 'limpet-epoch': '2' });
    order.push(String((await post()).status));
    expect([order, inMap()]).toEqual([
      ['stored', '200'],
      [a, 2, 1],
    ]);
  });
});

describe('what a put says', () => {
  it('[PL23] stored: the client gets the answer', async () => {
    gives(state(1));
    expect((await post()).status).toBe(200);
    expect([inMap(), world.shards.calls]).toEqual([[a, 0, 1], ['put']]);
  });

  it('[PL23] superseded: the client gets the answer', async () => {
    await world.store(cart, { version: 5 });
    gives(state(4));
    expect((await post()).status).toBe(200);
    expect(inMap()).toEqual([a, 0, 5]);
  });

  it('[PL24] fenced, and the request is safe: it is sent again to where the session is now', async () => {
    await world.store(cart, { home: b, epoch: 1 });
    gives(state(9));
    world.origins.set(b, () => reply('the truth'));
    const response = await get();
    expect([await response.text(), path(), inMap()]).toEqual(['the truth', [a, b], [b, 1, 1]]);
    expect(await world.told(response)).toMatchObject({ session, home: b, epoch: 1 });
  });

  it('[PL24] fenced, and the request is not safe: 409 session_moved, executed once, with the cookie of the new home', async () => {
    await world.store(cart, { home: b, epoch: 1 });
    gives(state(9));
    const response = await post();
    expect([...codeOf(response), path(), inMap()]).toEqual([409, 'session_moved', [a], [b, 1, 1]]);
    expect(await world.told(response)).toMatchObject({ session, home: b, epoch: 1 });
  });

  it('[PL24] fenced by another process of the same origin: the same', async () => {
    await world.store(cart, { instance: otherInstance });
    gives(state(9));
    expect(codeOf(await post())).toEqual([409, 'session_moved']);
  });

  it('[PL24] fenced again and again: a safe request follows its session three times, not for ever', async () => {
    await world.store(cart, { instance: otherInstance });
    gives(state(9));
    expect(codeOf(await get())).toEqual([409, 'session_moved']);
    expect(path()).toEqual([a, a, a, a]);
  });

  it('[PL25] ended: 409 session_ended, and the client goes on under an id that nobody has used', async () => {
    world.shards.write(session, { kind: 'ended', endsAt: startMs + 1_000_000 });
    gives(state(1));
    const response = await get();
    expect(codeOf(response)).toEqual([409, 'session_ended']);
    const told = await world.told(response);
    expect(told).toMatchObject({ epoch: 0, startedS: startS });
    expect(told?.session).not.toBe(session);
  });

  it('[PL40] ended before this request: a page gets a new session, an asset no cookie, since another answer may have given one', async () => {
    world.shards.write(session, { kind: 'ended', endsAt: startMs + 1_000_000 });
    world.standing(a, { incarnation: 1 });
    const loaded = (mode: string) => world.send({ headers: { cookie, 'sec-fetch-mode': mode } });
    expect(await world.told(await loaded('no-cors'))).toBeUndefined();
    const told = await world.told(await loaded('navigate'));
    expect(told).toMatchObject({ epoch: 0 });
    expect(told?.session).not.toBe(session);
  });

  it('[PL26] unreachable: 503 store_unreachable, executed and not known to be kept', async () => {
    world.shards.unreachable.add('put');
    gives(state(1));
    const response = await post();
    expect([...codeOf(response), response.headers.get('retry-after')]).toEqual([
      503,
      'store_unreachable',
      '5',
    ]);
    expect(await response.json()).toMatchObject({
      message: expect.stringMatching(/^The request was executed/),
    });
  });

  it('[PL26] unreachable, and the operator would rather serve: the answer, whose outcome is unstored', async () => {
    await begin({ pool: { session: { onStoreFailure: 'serve' } } });
    world.shards.unreachable.add('put');
    gives(state(1));
    expect((await post()).status).toBe(200);
    expect(world.edge.counters.all()).toMatchObject({
      'put.unreachable': 1,
      'request.shop.unstored.store_unreachable': 1,
    });
  });

  it('[PL27] under async durability the answer does not wait for it', async () => {
    await begin({ pool: { session: { durability: 'async' } } });
    const reachedClient = Promise.withResolvers<void>();
    const { put } = world.shards;
    world.shards.put = async (...wish) => {
      await reachedClient.promise;
      return put(...wish);
    };
    gives(state(1));
    expect((await post()).status).toBe(200);
    expect(inMap()).toBeUndefined();
    reachedClient.resolve();
    await world.settled();
    expect(inMap()).toEqual([a, 0, 1]);
    expect(world.edge.counters.all()).toMatchObject({ 'put_async.stored': 1 });
  });

  it('[PL28] a state over the pool’s limit: 503 state_too_large, and the previous state stays', async () => {
    await begin({ pool: { session: { stateBytesMax: 1_024 } } });
    gives(state(1, 'x'.repeat(1_025)));
    expect(codeOf(await post())).toEqual([503, 'state_too_large']);
    expect(world.shards.calls).toEqual([]);
  });
});

describe('what an origin has done by itself', () => {
  it('[PL29] a state stored by PUT: the answer goes out, and nothing is stored twice', async () => {
    gives({ 'limpet-version': '3' });
    expect((await post()).status).toBe(200);
    expect(world.shards.calls).toEqual([]);
  });

  it('[PL29] a claim: the client is told the epoch that was served', async () => {
    gives({ 'limpet-epoch': '1' });
    expect(await world.told(await get())).toMatchObject({ session, home: a, epoch: 1 });
  });

  it('[PL29] an older epoch than the one sent is not believed', async () => {
    cookie = await world.cookie({ epoch: 4 });
    gives({ 'limpet-epoch': '3' });
    expect(await world.told(await get())).toBeUndefined();
  });

  it('[PL30] a PUT that was fenced: sent again if safe, else 409 session_moved', async () => {
    await world.store(cart, { home: b, epoch: 1 });
    gives({ 'limpet-refused': 'moved' });
    expect(codeOf(await post())).toEqual([409, 'session_moved']);
    expect(await world.told(await get())).toMatchObject({ home: b, epoch: 1 });
    expect(path()).toEqual([a, a, b]);
  });

  it.each([
    ['ended', 409, 'session_ended'],
    ['unreachable', 503, 'store_unreachable'],
    ['too-large', 503, 'state_too_large'],
  ])('[PL30] a PUT that was refused as %s is told as %i %s', async (how, status, code) => {
    gives({ 'limpet-refused': how });
    expect(codeOf(await post())).toEqual([status, code]);
  });
});

describe('logout', () => {
  it('[PL31] ends the session for good, and the same answer gives the client a new one', async () => {
    await world.store(cart);
    gives({ 'limpet-end': '1' });
    const response = await post();
    expect([response.status, world.shards.slot(session)]).toEqual([
      200,
      { kind: 'ended', endsAt: startMs + 43_200_000 },
    ]);
    const told = await world.told(response);
    expect(told).toMatchObject({ home: a, epoch: 0, startedS: startS });
    expect(told?.session).not.toBe(session);
  });

  it('[PL31] is told to a script too, and the new session begins at epoch 0', async () => {
    await world.store(cart, { epoch: 3 });
    cookie = await world.cookie({ epoch: 3 });
    gives({ 'limpet-end': '1' });
    const response = await world.send({ method: 'POST', headers: { cookie, 'sec-fetch-mode': 'cors' } });
    expect(await world.told(response)).toMatchObject({ epoch: 0 });
  });

  it('[PL31] with the shard away is 503: not known to be ended', async () => {
    world.shards.unreachable.add('end');
    gives({ 'limpet-end': '1' });
    expect(codeOf(await post())).toEqual([503, 'store_unreachable']);
  });
});

describe('login', () => {
  it('[PL32] gives home and state a new id in the same shard, and ends the old one', async () => {
    await world.store('{}', { version: 1 });
    gives({ ...state(2), 'limpet-rotate': '1' });
    const told = await world.told(await post());
    expect(world.shards.slot(session).kind).toBe('ended');
    if (told === undefined) throw new Error('Cannot go on without the new cookie');
    expect([told.home, told.epoch, told.startedS, shardOf(told.session)]).toEqual([
      a,
      1,
      startS,
      shardOf(session),
    ]);
    expect(world.shards.row(told.session)).toMatchObject({ home: a, instance, epoch: 1, version: 2 });
  });

  it('[PL32] the new id’s state can be handed over: its seal is the new id’s', async () => {
    gives({ ...state(2), 'limpet-rotate': '1' });
    cookie = (await post()).headers.getSetCookie()[0]?.split(';')[0] ?? '';
    world.standing(a, { health: 'down' });
    await get();
    expect(world.sent[1]?.headers.get('limpet-state')).toBe(state(2)['limpet-state']);
  });

  it('[PL33] whose state was stored by PUT takes that state along', async () => {
    await world.store(cart, { version: 2 });
    gives({ 'limpet-version': '2', 'limpet-rotate': '1' });
    cookie = (await post()).headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect(world.shards.calls).toEqual(['claim', 'rotate']);
    world.standing(a, { health: 'down' });
    await get();
    expect(world.sent[1]?.headers.get('limpet-state')).toBe(state(2)['limpet-state']);
  });

  it('[PL33] never seals anew a stored state whose own seal does not fit', async () => {
    await world.store(cart, { version: 2 });
    world.shards.write(session, world.shards.slot(session), {
      bytes: new TextEncoder().encode('{"admin":true}'),
      seal: 'A'.repeat(22),
      epoch: 0,
    });
    gives({ 'limpet-version': '2', 'limpet-rotate': '1' });
    cookie = (await post()).headers.getSetCookie()[0]?.split(';')[0] ?? '';
    world.standing(a, { health: 'down' });
    await get();
    expect(world.sent[1]?.headers.get('limpet-state')).toBe('');
  });

  it.each([
    ['moved', () => world.store(cart, { home: b, epoch: 1 }), [409, 'session_moved']],
    [
      'ended',
      async () => world.shards.write(session, { kind: 'ended', endsAt: startMs + 1_000_000 }),
      [409, 'session_ended'],
    ],
    ['out of reach', async () => world.shards.goAway(), [503, 'store_unreachable']],
  ])('[PL34] of a session that is %s meanwhile is refused like a put', async (_what, happens, told) => {
    await happens();
    gives({ ...state(2), 'limpet-rotate': '1' });
    expect(codeOf(await post())).toEqual(told);
  });
});

describe('the first answer that carries a state', () => {
  it('[PL35] writes the row of a new session', async () => {
    for (const origin of world.pool.origins.keys()) gives(state(1), origin);
    const told = await world.told(await world.send());
    if (told === undefined) throw new Error('Cannot go on without a cookie');
    expect(world.shards.row(told.session)).toMatchObject({
      home: world.sent[0]?.origin,
      epoch: 0,
      version: 1,
      expiresAt: startMs + 1_800_000,
      endsAt: startMs + 43_200_000,
    });
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.assigned.first_visit': 1 });
  });
});
