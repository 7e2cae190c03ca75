import { expect, it } from 'vitest';
import { loadConfig } from '../../../worker/config/parse.ts';
import { poolName } from '../../../worker/core/ids.ts';
import type { Fetch } from '../../../worker/ports.ts';
import { createDoubt } from '../../../worker/stores/doubt.ts';
import { manualClock } from '../manual-clock.ts';
import { a, createWorld, reply, startMs } from '../visit.ts';

function bound() {
  const asked: string[] = [];
  const fetch: Fetch = async (url) => {
    asked.push(url);
    return reply('through the binding');
  };
  return { asked, fetch };
}
const origins = [
  { id: 'a', url: 'http://a.internal:9000/app', via: 'APP_A' },
  { id: 'b', url: 'http://b.internal:9000' },
];

it('[VI1] requests go through the binding, those of other origins by their url', async () => {
  const { asked, fetch } = bound();
  const reach = (name: string) => (name === 'APP_A' ? fetch : undefined);
  const world = await createWorld({ pool: { origins }, reach });
  await world.store('a cart');
  const response = await world.send({ path: '/cart?x=1', headers: { cookie: await world.cookie() } });
  expect(await response.text()).toBe('through the binding');
  expect([asked, world.sent]).toEqual([['http://a.internal:9000/app/cart?x=1'], []]);
  world.standing(a, { health: 'down' });
  await world.send({ headers: { cookie: await world.cookie() } });
  expect(world.sent.map(({ url }) => url)).toEqual(['http://b.internal:9000/']);
});

it('[VI1] the public host is preserved through a binding without an override', async () => {
  const { asked, fetch } = bound();
  const world = await createWorld({ pool: { origins, host: 'preserve' }, reach: () => fetch });
  await world.send({ headers: { cookie: await world.cookie() } });
  expect(asked).toEqual(['https://shop.example.com:9000/app/'].map((url) => url.replace('https', 'http')));
});

it('[VI2] the probe of doubt goes through it too', async () => {
  const { asked, fetch } = bound();
  const clock = manualClock(startMs);
  const config = loadConfig(
    { pools: { shop: { origins } }, routes: [{ match: '/*', pool: 'shop' }] },
    { production: false },
  );
  const pool = config.pools[poolName('shop')];
  if (pool === undefined) throw new Error('No pool');
  const wayTo = () => ({ url: 'http://a.internal:9000/app', fetch });
  const doubt = createDoubt(pool, {
    clock,
    timers: clock,
    wayTo,
    waitUntil: () => undefined,
    runtime: 'local',
  });
  expect(await clock.through(doubt(a))).toBe('answers');
  expect(asked).toEqual(['http://a.internal:9000/app/']);
});
