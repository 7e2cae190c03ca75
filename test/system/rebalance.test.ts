import { afterAll, beforeAll, expect, it } from 'vitest';
import { limpet } from './cli/command.ts';
import { createShopper, shopWhile } from './harness/shopper.ts';
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
async function newcomersHomes(): Promise<(string | undefined)[]> {
  const asked = Array.from({ length: 12 }, () =>
    world.client().get('/who', { 'user-agent': `${Math.random()}` }),
  );
  return (await Promise.all(asked)).map(({ home }) => home);
}
interface Balanced {
  readonly moved: number;
  readonly origins: readonly { readonly origin: string; readonly sessions: number }[];
}

it('[BA7] c has joined: idle sessions move there with their data, those in use lose nothing, and nobody sees an error', async () => {
  expect(await verb('weight', 'c', '0')).toMatchObject({ code: 0 });
  await until('newcomers go elsewhere', async () => !(await newcomersHomes()).includes('c'));
  const shoppers = Array.from({ length: 60 }, (_, at) => createShopper(world.client(), `s${at}`));
  await Promise.all(shoppers.map(({ client }, at) => client.get('/cart', { 'user-agent': `browser ${at}` })));
  await Promise.all(shoppers.map((shopper) => shopper.addOnce()));
  expect(await verb('weight', 'c', 'configured')).toMatchObject({ code: 0 });
  await until('the edge has heard of it', async () => (await newcomersHomes()).includes('c'));

  const [busy, idle] = [shoppers.slice(0, 10), shoppers.slice(10)];
  let ended: Awaited<ReturnType<typeof verb>> | undefined;
  await shopWhile(busy, async () => {
    ended = await verb('rebalance', '--pool', 'shop', '--rate', '100/s', '--json');
  });
  expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('to move: ') });
  const { moved, origins }: Balanced = JSON.parse(ended?.stdout ?? '');
  expect(moved).toBeGreaterThan(5);
  const share = origins.reduce((sum, { sessions }) => sum + sessions, 0) / 3;
  for (const { sessions } of origins) expect(Math.abs(sessions - share)).toBeLessThanOrEqual(2);

  await Promise.all(idle.map((shopper) => shopper.lookOnce()));
  expect(shoppers.flatMap(({ complaints, refusals }) => [...complaints, ...refusals])).toEqual([]);
  const atC = shoppers.filter((shopper) => shopper.home() === 'c');
  expect(atC.length).toBeGreaterThan(10);
});
