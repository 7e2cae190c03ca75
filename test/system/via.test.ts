import { afterAll, beforeAll, expect, it } from 'vitest';
import { createShopper } from './harness/shopper.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';
import { secrets } from './harness/secrets.ts';

let world: World;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 1_000, timeoutMs: 500, fall: 2, rise: 1 };
  world = await startWorld({ origins: ['a', 'b'], bound: true, pool: { health } });
});
afterAll(() => world?.end());

async function probes(): Promise<Record<string, string>> {
  const answer = await fetch(`${world.url}/.limpet/admin/status`, {
    headers: { authorization: `Bearer ${secrets.ADMIN_TOKEN}` },
  });
  const { pools } = (await answer.json()) as {
    pools: [{ origins: { id: string; lastProbe: string; health: string }[] }];
  };
  return Object.fromEntries(
    pools[0].origins.map(({ id, health, lastProbe }) => [id, `${health}, ${lastProbe}`]),
  );
}

it('[VI1] origins behind a service binding are served, probed and left like any other, with the sessions’ data', async () => {
  await until('both are probed', async () =>
    Object.values(await probes()).every((one) => one === 'up, status 200'),
  );
  const shopper = createShopper(world.client(), 's');
  await shopper.addOnce();
  await shopper.addOnce();
  const home = shopper.home();
  await world.origin(home).kill();
  await shopper.lookOnce();
  expect(shopper.complaints).toEqual([]);
  expect(shopper.home()).not.toBe(home);
  await until('the monitor sees it', async () => (await probes())[home ?? '']?.startsWith('down'));
  await world.origin(home).start();
  await until('it is back', async () => (await probes())[home ?? ''] === 'up, status 200');
  await shopper.addOnce();
  await shopper.lookOnce();
  expect(shopper.complaints).toEqual([]);
});

it('[VI1] one that is frozen behind its binding is told from one that is slow', async () => {
  const shopper = createShopper(world.client(), 't');
  await shopper.addOnce();
  const home = world.origin(shopper.home());
  home.freeze();
  const from = Date.now();
  await shopper.lookOnce();
  const tookMs = Date.now() - from;
  home.thaw();
  expect(shopper.complaints).toEqual([]);
  expect(shopper.home()).not.toBe(home.id);
  expect(tookMs).toBeLessThan(5_000);
});
