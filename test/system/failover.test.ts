import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createShopper, type Shopper, shopWhile } from './harness/shopper.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  // Those that live must be found alive, and the machine is busy: probes have patience.
  const health = { path: '/health', intervalMs: 1_000, timeoutMs: 1_000, fall: 2, rise: 1 };
  world = await startWorld({ pool: { health, attempts: { doubtTimeoutMs: 1_500 } } });
});
afterAll(() => world?.end());

const complaintsOf = (shoppers: readonly Shopper[]) =>
  shoppers.flatMap(({ complaints }) => complaints).slice(0, 10);
const homesOf = (shoppers: readonly Shopper[]) => shoppers.map((shopper) => shopper.home());
const lookAgain = (shoppers: readonly Shopper[]) =>
  Promise.all(shoppers.map((shopper) => shopper.lookOnce()));

/** Visitors with a browser of their own each: a crowd behind one address is spread by it. */
async function crowd(size: number): Promise<Shopper[]> {
  const shoppers = Array.from({ length: size }, (_, at) => createShopper(world.client(), `s${at}`));
  await Promise.all(
    shoppers.map(({ client }, at) => client.get('/cart', { 'user-agent': `a browser ${at}` })),
  );
  await Promise.all(shoppers.map((shopper) => shopper.addOnce()));
  return shoppers;
}

/** Whether new visitors are sent to this origin. */
async function isUsed(id: string): Promise<boolean> {
  const seen = await Promise.all(
    Array.from({ length: 20 }, (_, at) => world.client().get('/who', { 'user-agent': `a newcomer ${at}` })),
  );
  return seen.some(({ home }) => home === id);
}

describe('sixty sessions add items without pause', () => {
  it('[FO1] an origin is killed: nothing acknowledged is lost, every GET is 200, others stay', async () => {
    const shoppers = await crowd(60);
    const before = homesOf(shoppers);
    expect(new Set(before)).toEqual(new Set(['a', 'b', 'c']));

    await shopWhile(shoppers, () => world.origin('a').kill());
    await lookAgain(shoppers);
    expect(complaintsOf(shoppers)).toEqual([]);
    const after = homesOf(shoppers);
    expect(after.filter((home, at) => before[at] !== 'a' && home !== before[at])).toEqual([]);
    expect(after).not.toContain('a');

    // It comes back, and remembers nothing.
    await world.origin('a').start();
    await until('the origin is used again', () => isUsed('a'));
    await shopWhile(shoppers, async () => undefined, 1);
    expect(complaintsOf(shoppers)).toEqual([]);
    expect(homesOf(shoppers)).toEqual(after);
    const refusals = new Set(shoppers.flatMap((shopper) => shopper.refusals));
    expect([...refusals].filter((refusal) => refusal !== '502 delivery_unknown')).toEqual([]);
  });

  it('[FO2] an origin is frozen, and thawed with its stale memory: the same', async () => {
    const shoppers = await crowd(60);
    const before = homesOf(shoppers);
    const stale = shoppers
      .filter((shopper) => shopper.home() === 'b')
      .map(({ client }) => client.jar.header());

    await shopWhile(shoppers, async () => world.origin('b').freeze());
    await lookAgain(shoppers);
    expect(complaintsOf(shoppers)).toEqual([]);
    const after = homesOf(shoppers);
    expect(after.filter((home, at) => before[at] !== 'b' && home !== before[at])).toEqual([]);
    expect(after).not.toContain('b');

    world.origin('b').thaw();
    await until('the origin is used again', () => isUsed('b'));
    await shopWhile(shoppers, async () => undefined, 1);
    expect(complaintsOf(shoppers)).toEqual([]);
    expect(homesOf(shoppers)).toEqual(after);

    // Cookies from before the freeze name it still: they follow.
    const seen = await Promise.all(stale.map((cookie) => world.client().get('/cart', { cookie })));
    expect(new Set(seen.map(({ home }) => home))).not.toContain('b');
    expect(seen.every(({ status, cookies }) => status === 200 && cookies.includes('limpet'))).toBe(true);
  });
});

describe('a request that changes something is under way when its origin fails', () => {
  const inFlight = async (headers = {}) => {
    const shopper = createShopper(world.client(), 'solo');
    await shopper.addOnce();
    const home = world.origin(shopper.home());
    const answer = shopper.client.post('/cart/slowly?item=late&ms=1500', headers);
    await until('the request has arrived', async () => {
      const seen = await home.ask<Record<string, number>>('/seen');
      return seen['/cart/slowly'];
    });
    return { shopper, home, answer };
  };
  const back = async (id: string) => until('the origin is used again', () => isUsed(id));

  it('[FO4] killed: 502 delivery_unknown, and the next request is served with the data', async () => {
    const { shopper, home, answer } = await inFlight();
    await home.kill();
    const seen = await answer;
    expect([seen.status, seen.headers['limpet-code']]).toEqual([502, 'delivery_unknown']);
    await shopper.lookOnce();
    expect(shopper.complaints).toEqual([]);
    expect(shopper.home()).not.toBe(home.id);
    await home.start();
    await back(home.id);
  });

  it('[FO5] frozen: 504 delivery_unknown, the next request has the data, and the late change is not kept', async () => {
    const { shopper, home, answer } = await inFlight();
    home.freeze();
    const seen = await answer;
    expect([seen.status, seen.headers['limpet-code']]).toEqual([504, 'delivery_unknown']);
    await shopper.lookOnce();
    home.thaw();
    await until(
      'it has done its work',
      async () => (await home.ask<Record<string, number>>('/executed'))['late'],
    );
    await shopper.lookOnce();
    expect(shopper.complaints).toEqual([]);
    const { items } = (await shopper.client.get('/cart')).json<{ items: string[] }>();
    expect(items).toEqual(['solo.1']);
    await back(home.id);
  });

  it('[FO6] with an Idempotency-Key it is sent again, with its body, to the new home', async () => {
    const { shopper, home, answer } = await inFlight({ 'idempotency-key': 'k-1' });
    await home.kill();
    const seen = await answer;
    expect(seen.status).toBe(200);
    expect(seen.json<{ items: string[] }>().items).toEqual(['solo.1', 'late']);
    expect(seen.home).not.toBe(home.id);
    await shopper.lookOnce();
    expect(shopper.complaints).toEqual([]);
    await home.start();
  });
});
