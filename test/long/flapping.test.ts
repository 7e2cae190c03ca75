import { afterAll, beforeAll, expect, it } from 'vitest';
import { createShopper, shopWhile } from '../system/harness/shopper.ts';
import { startWorld, type World } from '../system/harness/world.ts';

let world: World;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 1_000, timeoutMs: 500, fall: 2, rise: 1 };
  const passive = { ejectMs: 3_000, ejectMaxMs: 3_000 };
  world = await startWorld({ pool: { health, passive } });
});
afterAll(() => world?.end());

it('[OU2] an origin that dies and comes back every three seconds: every GET is 200, nothing acknowledged is lost', async () => {
  const shoppers = Array.from({ length: 20 }, (_, at) => createShopper(world.client(), `s${at}`));
  for (const shopper of shoppers) await shopper.addOnce();
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await shopWhile(shoppers, async () => {
    for (let flap = 0; flap < 5; flap++) {
      await world.origin('a').kill();
      await wait(3_000);
      await world.origin('a').start();
      await wait(3_000);
    }
  });
  expect(shoppers.flatMap(({ complaints }) => complaints).slice(0, 10)).toEqual([]);
  const refusals = new Set(shoppers.flatMap((shopper) => shopper.refusals));
  expect([...refusals].filter((refusal) => refusal !== '502 delivery_unknown')).toEqual([]);
});
