import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limpet } from './cli/command.ts';
import { createShopper, type Shopper, shopWhile } from './harness/shopper.ts';
import { secrets } from './harness/secrets.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    pool: {
      health: { path: '/health', intervalMs: 1_000, timeoutMs: 500 },
      attempts: { doubtAfterMs: 2_000, doubtTimeoutMs: 4_000 },
    },
  });
});
afterAll(() => world?.end());

const verb = (...words: string[]) => limpet([...words, '--url', world.url], secrets);
const complaintsOf = (shoppers: readonly Shopper[]) =>
  shoppers.flatMap(({ complaints, refusals }) => [...complaints, ...refusals]).slice(0, 10);
const homesOf = (shoppers: readonly Shopper[]) => shoppers.map((shopper) => shopper.home());

/** Each adds and looks by several requests at once, as the tabs of one browser do. */
async function crowd(size: number): Promise<Shopper[]> {
  const shoppers = Array.from({ length: size }, (_, at) => createShopper(world.client(), `s${at}`));
  await Promise.all(
    shoppers.map(({ client }, at) => client.get('/cart', { 'user-agent': `a browser ${at}` })),
  );
  await Promise.all(shoppers.map((shopper) => shopper.addOnce()));
  return shoppers;
}

describe('an origin is drained while 45 sessions change in parallel', () => {
  it('[DN1] its sessions are handed off with their data: nothing lost, nothing twice, no error, and then it is safe to stop', async () => {
    const shoppers = await crowd(45);
    expect(new Set(homesOf(shoppers))).toEqual(new Set(['a', 'b', 'c']));
    const tabs = shoppers.flatMap((shopper) => [shopper, shopper, shopper]);
    const before = homesOf(shoppers);
    let drained: Awaited<ReturnType<typeof verb>> | undefined;
    await shopWhile(tabs, async () => {
      drained = await verb('drain', 'a', '--wait', '--timeout', '60s');
    });
    expect(drained).toMatchObject({ code: 0, stdout: expect.stringContaining('a is safe to stop') });
    expect(drained?.stderr).toMatch(/\d+ of \d+ moved, 0 lost, 0 without data, deadline \d\d:\d\d/);
    await Promise.all(shoppers.map((shopper) => shopper.lookOnce()));
    expect(complaintsOf(shoppers)).toEqual([]);
    const after = homesOf(shoppers);
    expect(after).not.toContain('a');
    expect(after.filter((home, at) => before[at] !== 'a' && home !== before[at])).toEqual([]);

    // What is said to be safe is: nobody notices its end.
    await world.origin('a').kill();
    await shopWhile(tabs, async () => undefined, 1);
    expect(complaintsOf(shoppers)).toEqual([]);
    await world.origin('a').start();
    expect(await verb('activate', 'a')).toMatchObject({ code: 0 });
    await until(
      'it takes new sessions again',
      async () => (await world.client().get('/who', { 'user-agent': `${Math.random()}` })).home === 'a',
    );
    await Promise.all(shoppers.map((shopper) => shopper.lookOnce()));
    expect(homesOf(shoppers)).toEqual(after);
  });
});
