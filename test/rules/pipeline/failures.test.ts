import { beforeEach, describe, expect, it } from 'vitest';
import { a, b, c, createWorld, reply, session, startMs, type World } from '../visit.ts';
import { carriedIn, codeOf, dies, freezes, pathIn } from './scene.ts';

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

describe('a home that fails under way', () => {
  it('[FL5] refuses: a safe request moves with its data, and the origin is suspect here and reported once', async () => {
    await world.store(cart);
    dies(world, a);
    expect((await get()).status).toBe(200);
    expect([path()[0], carried()]).toEqual([a, [undefined, cart]]);
    expect(world.pool.suspicions.isSuspect(a, world.clock.now())).toBe(true);
    await get();
    await world.settled();
    expect(world.reported).toEqual([a]);
  });

  it('[FL5] fails several requests at once: it is reported once', async () => {
    await world.store(cart);
    dies(world, a);
    await Promise.all([get(), get(), get()]);
    expect([path().filter((origin) => origin === a).length, world.reported]).toEqual([3, [a]]);
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
    freezes(world, a);
    expect((await get()).status).toBe(200);
    expect(path()).toHaveLength(2);
    expect(world.clock.now() - startMs).toBe(300);
    expect([world.pool.suspicions.isSuspect(a, world.clock.now()), world.reported]).toEqual([true, [a]]);
  });

  it('[FL7] hangs with an unsafe request in flight: 504 delivery_unknown, and nothing is sent again', async () => {
    freezes(world, a);
    expect(codeOf(await post())).toEqual([504, 'delivery_unknown']);
    expect(path()).toEqual([a]);
  });

  it('[FL7] of an application that blocks while it works is given five seconds before it is doubted', async () => {
    world = await createWorld({ pool: { attempts: { hang: 'patient' } } });
    cookie = await world.cookie();
    await world.store(cart);
    freezes(world, a);
    expect((await get()).status).toBe(200);
    expect(world.clock.now() - startMs).toBe(5_000);
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

  it('[FL9] loses an unsafe request: 502 delivery_unknown, and the next one is served by the new home with the data', async () => {
    await world.store(cart);
    dies(world, a);
    expect(codeOf(await post())).toEqual([502, 'delivery_unknown']);
    expect(path()).toEqual([a]);
    expect((await post()).status).toBe(200);
    expect(carried()).toEqual([undefined, cart]);
  });

  it('[FL9] loses an unsafe request with an Idempotency-Key: it is sent again, body and all', async () => {
    await world.store(cart);
    dies(world, a);
    expect((await post({ 'idempotency-key': 'k1' })).status).toBe(200);
    expect(new TextDecoder().decode(world.sent[1]?.init.body as ArrayBuffer)).toBe('item=2');
  });

  it('[FL9] loses a request whose body was too large to keep: it is not sent again', async () => {
    world = await createWorld({ pool: { attempts: { bodyBytesMax: 3 } } });
    cookie = await world.cookie();
    dies(world, a);
    expect(codeOf(await post({ 'idempotency-key': 'k1' }))).toEqual([502, 'delivery_unknown']);
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
    const socket = { status: { value: 101 }, webSocket: { value: {} } };
    world.origins.set(a, () => Object.defineProperties(new Response(null), socket));
    expect(codeOf(await get())).toEqual([502, 'protocol_error']);
    expect(path()).toEqual([a, a]);
  });

  it('[FL12] fails like every other one: a request makes at most three attempts, then 503 no_origin', async () => {
    world = await createWorld({
      pool: { origins: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, url: `http://${id}.internal` })) },
    });
    cookie = await world.cookie();
    await world.store(cart);
    dies(world, ...world.pool.origins.keys());
    expect(codeOf(await get())).toEqual([503, 'no_origin']);
    expect(path()).toHaveLength(3);
  });

  it('[FL12] runs out of the time that all attempts have together: no further one is made', async () => {
    world = await createWorld({ pool: { attempts: { headersMs: 1_000, deadlineMs: 1_000 } } });
    cookie = await world.cookie();
    await world.store(cart);
    world.origins.set(a, () => new Promise(() => undefined));
    expect(codeOf(await get())).toEqual([503, 'no_origin']);
    expect(path()).toEqual([a]);
  });

  it('[FL14] says 503 itself, which the operator lets count: a safe request moves with its data, an unsafe one is told', async () => {
    world = await createWorld({ pool: { attempts: { failoverOn: [503] } } });
    cookie = await world.cookie();
    await world.store(cart);
    world.origins.set(a, () => reply('overloaded', { status: 503 }));
    expect(codeOf(await post())).toEqual([503, 'home_in_doubt']);
    expect((await get()).status).toBe(200);
    expect([carried(), world.reported]).toEqual([[undefined, undefined, cart], []]);
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
    freezes(world, a);
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
    freezes(world, a);
    world.pool.suspicions.suspect(a, startMs);
    const response = await get();
    expect([...codeOf(response), response.headers.get('retry-after'), await world.told(response)]).toEqual([
      503,
      'home_in_doubt',
      '5',
      undefined,
    ]);
  });

  it('[HO7] leaves at once when the monitor says down', async () => {
    world.standing(a, { health: 'down' });
    expect((await get()).status).toBe(200);
    expect([world.clock.now(), world.doubted, world.shards.calls]).toEqual([startMs, [], ['claim']]);
  });

  it('[HO7] leaves at once when the pool has its home no more', async () => {
    cookie = await world.cookie({ homeTag: 'no-tag--' });
    const response = await get();
    expect([response.status, world.doubted, world.shards.calls]).toEqual([200, [], ['claim']]);
    expect(await world.told(response)).toMatchObject({ session, epoch: 1 });
  });
});
