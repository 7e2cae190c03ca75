import { afterAll, beforeAll, expect, it } from 'vitest';
import { createShopper } from './harness/shopper.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 300_000, timeoutMs: 2_000 };
  // A busy machine may answer late: nobody is left for that.
  const attempts = { doubtTimeoutMs: 5_000 };
  world = await startWorld({ origins: ['a', 'b'], pool: { health, attempts } });
});
afterAll(() => world?.end());

it('[FO3] an origin restarts and nobody notices: its sessions stay, and their data is there', async () => {
  const shoppers = Array.from({ length: 30 }, (_, at) => createShopper(world.client(), `s${at}`));
  await Promise.all(
    shoppers.map(({ client }, at) => client.get('/cart', { 'user-agent': `a browser ${at}` })),
  );
  await Promise.all(shoppers.map((shopper) => shopper.addOnce()));
  const before = shoppers.map((shopper) => shopper.home());
  expect(new Set(before)).toEqual(new Set(['a', 'b']));

  await world.origin('a').restart();
  await Promise.all(shoppers.map((shopper) => shopper.lookOnce()));
  await Promise.all(shoppers.map((shopper) => shopper.addOnce()));
  await Promise.all(shoppers.map((shopper) => shopper.lookOnce()));
  expect(shoppers.flatMap(({ complaints, refusals }) => [...complaints, ...refusals])).toEqual([]);
  expect(shoppers.map((shopper) => shopper.home())).toEqual(before);
});
