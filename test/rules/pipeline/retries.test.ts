import { beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput, PoolInput } from '../../../worker/config/input.ts';
import { a, b, c, createWorld, reply, sessionNo, type World } from '../visit.ts';
import { codeOf, dies, freezes } from './scene.ts';

let world: World;
const start = async (pool: Partial<PoolInput> = {}, config: Partial<ConfigInput> = {}) => {
  world = await createWorld({ pool, config });
};
beforeEach(() => start());

const askAs = async (number: number, init: RequestInit & { path?: string } = {}) =>
  world.send({
    ...init,
    headers: { cookie: await world.cookie({ session: sessionNo(number) }), ...init.headers },
  });
const post = { method: 'POST', body: 'item=2', headers: { 'content-length': '6' } };
const resets = (origin = a) => world.origins.set(origin, () => Promise.reject(new TypeError('reset')));

describe('the retry budget', () => {
  it('[RB2] spent: what an origin that lives has lost is not sent again, 503 with Retry-After, until ten seconds have passed', async () => {
    resets();
    const statuses = [];
    for (let at = 0; at < 4; at++) statuses.push((await askAs(at)).status);
    const refused = await askAs(9);
    expect([...codeOf(refused), refused.headers.get('retry-after')]).toEqual([
      503,
      'retry_budget_spent',
      '1',
    ]);
    expect(await world.told(refused)).toBeUndefined();
    world.origins.delete(a);
    await world.clock.pass(12_000);
    let tries = 0;
    world.origins.set(a, () => ((tries += 1) === 1 ? Promise.reject(new TypeError('reset')) : reply()));
    expect((await askAs(10)).status).toBe(200);
  });

  it('[RB1] grows with the requests that went well', async () => {
    for (let at = 0; at < 50; at++) await askAs(at % 7);
    let fails = 0;
    world.origins.set(a, () => ((fails += 1) % 2 === 1 ? Promise.reject(new TypeError('reset')) : reply()));
    const statuses = [];
    for (let at = 0; at < 9; at++) statuses.push((await askAs(at)).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('[RB3] a move away from an origin that is gone costs nothing of it', async () => {
    await start({ attempts: { retryBudget: { percent: 0, min: 0 } } });
    await world.store('{}');
    dies(world, a);
    expect((await askAs(1)).status).toBe(200);
    await start({ attempts: { retryBudget: { percent: 0, min: 0 } } });
    await world.store('{}');
    freezes(world, a);
    expect((await askAs(1)).status).toBe(200);
  });
});

describe('a route of which the operator says that any request may be sent again', () => {
  const routes = [
    { match: '/search', pool: 'shop', resend: 'any' },
    { match: '/*', pool: 'shop' },
  ] as const;

  it('[RB4] a POST there is sent again after a failure, on no other route', async () => {
    await start({}, { routes });
    await world.store('{}');
    dies(world, a);
    expect(codeOf(await askAs(1, { ...post, path: '/cart' }))).toEqual([502, 'delivery_unknown']);
    await start({}, { routes });
    await world.store('{}');
    dies(world, a);
    expect((await askAs(1, { ...post, path: '/search' })).status).toBe(200);
    expect(new TextDecoder().decode(world.sent.at(-1)?.init.body as ArrayBuffer)).toBe('item=2');
  });

  it('[RB4] but nothing whose body is gone', async () => {
    await start({ attempts: { bodyBytesMax: 0 } }, { routes });
    dies(world, a);
    expect(codeOf(await askAs(1, { ...post, path: '/search' }))).toEqual([502, 'delivery_unknown']);
  });
});

describe('a hedge', () => {
  const keyed = { affinity: [{ by: 'header:x-key' }], session: { mode: 'local' } } as const;
  const plain = (init: RequestInit = {}) =>
    world.send({ ...init, headers: { 'user-agent': 'one', ...init.headers } });
  /** The origin that a request without a key goes to. */
  const firstOf = async () => {
    await plain();
    return world.sent.at(-1)?.origin ?? a;
  };
  const slow = (origin: typeof a, ms: number) =>
    world.origins.set(origin, async () => {
      await world.clock.sleep(ms);
      return reply(`late from ${origin}`);
    });

  it('[RB5] is off by default', async () => {
    await start(keyed);
    const first = await firstOf();
    slow(first, 5_000);
    expect(await (await plain()).text()).toBe(`late from ${first}`);
  });

  it('[RB5] a safe request without a session goes to a second origin, and the first answer counts', async () => {
    await start({ ...keyed, attempts: { hedgeAfterMs: 50 } });
    const first = await firstOf();
    slow(first, 5_000);
    const from = world.clock.now();
    expect(await (await plain()).text()).toBe(`from ${world.sent.at(-1)?.origin}`);
    expect([world.clock.now() - from, world.sent.at(-1)?.origin === first]).toEqual([50, false]);
    expect(world.edge.counters.all()).toMatchObject({ hedged: 1 });
  });

  it('[RB5] never a POST, never a session, never beyond the retry budget', async () => {
    await start({ ...keyed, attempts: { hedgeAfterMs: 50, retryBudget: { percent: 0, min: 0 } } });
    const first = await firstOf();
    slow(first, 500);
    expect(await (await plain()).text()).toBe(`late from ${first}`);
    await start({ ...keyed, attempts: { hedgeAfterMs: 50 } });
    slow(await firstOf(), 500);
    const before = world.sent.length;
    await plain(post);
    await plain({ headers: { 'x-key': 'k1' } });
    slow(a, 500);
    slow(b, 500);
    slow(c, 500);
    await plain({ headers: { 'x-key': 'k2' } });
    expect(world.sent.length - before).toBe(3);
  });

  it('[RB5] whose origin fails: the first one is waited for', async () => {
    await start({ ...keyed, attempts: { hedgeAfterMs: 50 } });
    const first = await firstOf();
    for (const origin of [a, b, c]) resets(origin);
    slow(first, 500);
    expect(await (await plain()).text()).toBe(`late from ${first}`);
  });
});
