import { beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url } from '../../../worker/core/base64url.ts';
import { a, b, c, contractReply, createWorld, reply, session, startMs, type World } from '../visit.ts';

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
const path = () => world.sent.map(({ origin }) => origin);
const codeOf = ({ status, headers }: Response) => [status, headers.get('limpet-code')];
/** The states that were sent to origins, in order. */
const carried = () =>
  world.sent.map(({ headers }) => {
    const state = headers.get('limpet-state');
    return state === null ? undefined : new TextDecoder().decode(fromBase64url(state));
  });

/** The origin's connection breaks, and so does the probe of doubt. */
const dies = (...origins: (typeof a)[]) => {
  for (const origin of origins) {
    world.origins.set(origin, () => Promise.reject(new TypeError('connection refused')));
    world.verdicts.set(origin, 'refuses');
  }
};
/** Takes the request and never answers, nor the probe of doubt. */
const freezes = (origin: typeof a) => {
  world.origins.set(origin, () => new Promise(() => undefined));
  world.verdicts.set(origin, 'silent');
};

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
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.restored.home_down': 1, 'request.shop.kept.home_usable': 1 });
  });

  it('[PL13] a state whose attempt fails is not sent again without a new claim', async () => {
    await world.store(cart);
    dies(b);
    expect((await get()).status).toBe(200);
    const claims = world.shards.calls.filter((call) => call === 'claim').length;
    expect(claims).toBe(path().length);
    expect(carried()).toEqual(path().map(() => cart));
    expect(world.shards.row(session)).toMatchObject({ home: c, epoch: claims });
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
    world.shards.write(session, world.shards.slot(session), { bytes: new TextEncoder().encode('{"admin":true}'), seal: 'A'.repeat(22), epoch: 0 });
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
    expect([refused.headers.get('retry-after'), path(), await world.told(refused)]).toEqual(['5', [], undefined]);
  });

  it('[PL19] with the shard away a safe request is served read-only from the copy in KV, and the cookie keeps naming home', async () => {
    await world.store(cart, { version: 7, epoch: 0 });
    const row = world.shards.row(session);
    if (row === undefined) throw new Error('Cannot copy a session that is not stored');
    const bytes = new TextEncoder().encode(cart);
    world.copies.set(session, { row, ageMs: 12_300, state: { bytes, epoch: 0, seal: await world.pool.keyring.sealState(session, 0, bytes) } });
    world.shards.goAway();
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
    world.cached.set('shop.example.com/', { response: new Response('kept', { headers: { 'content-type': 'text/plain' } }), ageMs: 61_000 });
    const response = await get();
    expect([response.status, response.headers.get('age'), response.headers.get('cache-control'), await response.text()]).toEqual([200, '61', 'no-store', 'kept']);
    const refused = await post();
    expect([...codeOf(refused), refused.headers.get('retry-after'), await world.told(refused)]).toEqual([503, 'no_origin', '5', undefined]);
  });
});

describe('a home that fails under way', () => {
  it('[FL5] refuses: a safe request moves with its data, and the origin is suspect here and reported once', async () => {
    await world.store(cart);
    dies(a);
    expect((await get()).status).toBe(200);
    expect([path()[0], carried()]).toEqual([a, [undefined, cart]]);
    expect(world.pool.suspicions.isSuspect(a, world.clock.now())).toBe(true);
    await get();
    await world.settled();
    expect(world.reported).toEqual([a]);
  });

  it('[FL6] loses one connection and answers the probe of doubt: it is tried once more, and nothing moves', async () => {
    let tries = 0;
    world.origins.set(a, () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new TypeError('reset')) : reply();
    });
    expect((await get()).status).toBe(200);
    expect([path(), world.shards.calls, world.reported]).toEqual([[a, a], [], []]);
  });

  it('[FL6] loses a second connection of the same request: it is left', async () => {
    await world.store(cart);
    world.origins.set(a, () => Promise.reject(new TypeError('reset')));
    expect((await get()).status).toBe(200);
    expect(path().slice(0, 2)).toEqual([a, a]);
    expect(path()[2]).not.toBe(a);
    expect(world.pool.suspicions.isSuspect(a, world.clock.now())).toBe(false);
  });

  it('[FL7] hangs: told from slowness by the probe of doubt, after doubtAfterMs', async () => {
    await world.store(cart);
    freezes(a);
    expect((await get()).status).toBe(200);
    expect(path()).toHaveLength(2);
    expect(world.clock.now() - startMs).toBe(300);
  });

  it('[FL7] hangs with an unsafe request in flight: 504 delivery_unknown, and nothing is sent again', async () => {
    freezes(a);
    expect(codeOf(await post())).toEqual([504, 'delivery_unknown']);
    expect(path()).toEqual([a]);
  });

  it('[FL8] is slow, and answers the probe of doubt: it is waited for', async () => {
    world.origins.set(a, async () => {
      await world.clock.sleep(10_000);
      return reply('slow');
    });
    expect(await (await get()).text()).toBe('slow');
    expect([path(), world.doubted.every((origin) => origin === a)]).toEqual([[a], true]);
  });

  it('[FL8] gives no headers within the budget: 504 origin_timeout for what may not be sent again', async () => {
    world.origins.set(a, () => new Promise(() => undefined));
    expect(codeOf(await post())).toEqual([504, 'origin_timeout']);
    expect(world.clock.now() - startMs).toBeGreaterThanOrEqual(30_000);
  });

  it('[FL9] loses an unsafe request: 502 not_replayed, and the next one is served by the new home with the data', async () => {
    await world.store(cart);
    dies(a);
    expect(codeOf(await post())).toEqual([502, 'not_replayed']);
    expect(path()).toEqual([a]);
    expect((await post()).status).toBe(200);
    expect(carried()).toEqual([undefined, cart]);
  });

  it('[FL9] loses an unsafe request with an Idempotency-Key: it is sent again, body and all', async () => {
    await world.store(cart);
    dies(a);
    expect((await post({ 'idempotency-key': 'k1' })).status).toBe(200);
    expect(new TextDecoder().decode(world.sent[1]?.init.body as ArrayBuffer)).toBe('item=2');
  });

  it('[FL9] loses a request whose body was too large to keep: it is not sent again', async () => {
    world = await createWorld({ pool: { attempts: { bodyBytesMax: 3 } } });
    cookie = await world.cookie();
    dies(a);
    expect(codeOf(await post({ 'idempotency-key': 'k1' }))).toEqual([502, 'not_replayed']);
  });

  it('[FL10] was never reached (521): anything with its body at hand is sent elsewhere', async () => {
    await world.store(cart);
    world.origins.set(a, () => reply('', { status: 521 }));
    world.verdicts.set(a, 'refuses');
    expect((await post()).status).toBe(200);
    expect(carried()).toEqual([undefined, cart]);
  });

  it('[FL11] answers with an unasked 101: 502 protocol_error, tried nowhere else', async () => {
    world.origins.set(a, () => Object.defineProperty(reply(null), 'status', { value: 101 }));
    expect(codeOf(await get())).toEqual([502, 'protocol_error']);
    expect(path()).toEqual([a]);
  });

  it('[FL12] a request makes at most three attempts', async () => {
    world = await createWorld({ pool: { origins: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, url: `http://${id}.internal` })) } });
    cookie = await world.cookie();
    await world.store(cart);
    dies(...world.pool.origins.keys());
    expect((await get()).status).toBeGreaterThanOrEqual(502);
    expect(path()).toHaveLength(3);
  });

  it('[FL13] when all are suspect here only the monitor’s word counts: bound sessions stay', async () => {
    for (const origin of [a, b, c]) world.pool.suspicions.suspect(origin, startMs);
    expect((await get()).status).toBe(200);
    expect([path(), world.shards.calls]).toEqual([[a], []]);
  });
});

describe('a session of which nothing is stored', () => {
  it('[HO7] stays with a suspect home that answers a probe', async () => {
    world.pool.suspicions.suspect(a, startMs);
    expect((await get()).status).toBe(200);
    expect([path(), world.shards.calls, world.doubted]).toEqual([[a], ['claim'], [a]]);
  });

  it('[HO7] waits for a silent home for holdMs before it is moved, empty', async () => {
    freezes(a);
    world.pool.suspicions.suspect(a, startMs);
    const response = await get();
    expect(response.status).toBe(200);
    expect(world.clock.now() - startMs).toBe(3_000);
    expect(await world.told(response)).toMatchObject({ session, epoch: 1 });
    expect(carried()).toEqual(['']);
  });

  it('[HO7] is told 503 home_in_doubt, its cookie kept, while home may still come back', async () => {
    world = await createWorld({ pool: { session: { holdMs: 30_000 } } });
    cookie = await world.cookie();
    freezes(a);
    world.pool.suspicions.suspect(a, startMs);
    const response = await get();
    expect([...codeOf(response), response.headers.get('retry-after'), await world.told(response)]).toEqual([503, 'home_in_doubt', '5', undefined]);
  });

  it('[HO7] leaves at once when the monitor says down', async () => {
    world.standing(a, { health: 'down' });
    expect((await get()).status).toBe(200);
    expect([world.clock.now(), world.doubted]).toEqual([startMs, []]);
  });
});

describe('a session that is new', () => {
  it('[PL21] may be what a failed attempt has used: another id is drawn, and only the first attempt for an id says "new"', async () => {
    dies(a, b);
    const response = await world.send();
    expect(response.status).toBe(200);
    const ids = world.sent.map(({ headers }) => headers.get('limpet-session'));
    expect(new Set(ids).size).toBe(ids.length);
    expect(world.sent.every(({ headers }) => headers.get('limpet-new') === '1')).toBe(true);
    expect(world.shards.calls).toEqual([]);
  });

  it('[PL21] has no row until its client comes back or its origin has a state', async () => {
    const response = await world.send();
    expect([await world.told(response), world.shards.calls]).toEqual([expect.objectContaining({ epoch: 0 }), []]);
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

  it('[PL22] with the shard away it is 503: not executed', async () => {
    world.shards.goAway();
    needs('state');
    expect(codeOf(await post())).toEqual([503, 'store_unreachable']);
  });

  it('[PL22] an origin that always needs is not asked for ever', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-need': 'state' }, { status: 409 }));
    expect((await get()).status).toBe(503);
    expect(path()).toEqual([a, a, a]);
  });
});
