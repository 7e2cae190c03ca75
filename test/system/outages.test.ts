import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createShopper, type Shopper } from './harness/shopper.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';

const late = fileURLToPath(new URL('harness/origin/a-day-late.ts', import.meta.url));

let world: World;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 1_000, timeoutMs: 500, fall: 2, rise: 1 };
  const passive = { ejectMs: 3_000, ejectMaxMs: 3_000 };
  const pool = { health, passive, fallback: { retryAfterS: 3 } };
  world = await startWorld({ pool, envOf: { c: { NODE_OPTIONS: `--import=${late}` } } });
});
afterAll(() => world?.end());
beforeEach(() => until('all are used', async () => (await used()).length === 3));

const complaintsOf = (shoppers: readonly Shopper[]) =>
  shoppers.flatMap(({ complaints }) => complaints).slice(0, 10);

/** The origins that new visitors are sent to. */
async function used(): Promise<string[]> {
  const seen = await Promise.all(
    Array.from({ length: 30 }, (_, at) => world.client().get('/who', { 'user-agent': `newcomer ${at}` })),
  );
  return [
    ...new Set(seen.flatMap(({ status, home }) => (status === 200 && home !== undefined ? [home] : []))),
  ].sort();
}

async function crowd(size: number): Promise<Shopper[]> {
  const shoppers = Array.from({ length: size }, (_, at) => createShopper(world.client(), `s${at}`));
  await Promise.all(
    shoppers.map(({ client }, at) => client.get('/cart', { 'user-agent': `a browser ${at}` })),
  );
  for (const shopper of shoppers) await shopper.addOnce();
  return shoppers;
}

it('[OU1] a health path that lies: a handful of errors, then its sessions go on elsewhere with their data, until it is well', async () => {
  const shoppers = await crowd(30);
  const ofA = shoppers.filter((shopper) => shopper.home() === 'a');
  expect(ofA.length).toBeGreaterThan(5);
  await world.origin('a').ask('/break', 'POST');
  const statuses: number[] = [];
  for (const { client } of ofA) statuses.push((await client.get('/cart')).status);
  expect(statuses.filter((status) => status === 500)).toHaveLength(5);
  expect(await used()).toEqual(['b', 'c']);
  for (const shopper of shoppers) await shopper.lookOnce();
  expect(complaintsOf(shoppers)).toEqual([]);
  expect(shoppers.map((shopper) => shopper.home())).not.toContain('a');
  expect((await fetch(`${world.origin('a').url}/health`)).status).toBe(200);

  await world.origin('a').ask('/break?off', 'POST');
  await until('it is used again', async () => (await used()).includes('a'));
  for (const shopper of shoppers) await shopper.lookOnce();
  expect(complaintsOf(shoppers)).toEqual([]);
});

describe('outages of more than one', () => {
  it('[OU3] two of three die: all sessions go on at the third, with their data; all three: 503, cookies kept; all back: served, with their data', async () => {
    const shoppers = await crowd(20);
    await world.origin('a').kill();
    await world.origin('b').kill();
    for (const shopper of shoppers) await shopper.lookOnce();
    expect(complaintsOf(shoppers)).toEqual([]);
    expect(new Set(shoppers.map((shopper) => shopper.home()))).toEqual(new Set(['c']));
    expect(await used()).toEqual(['c']);

    await world.origin('c').kill();
    const [shopper] = shoppers;
    const refused = await until('nobody is left', async () => {
      const seen = await shopper?.client.post('/cart?item=no');
      return seen?.headers['limpet-code'] === 'no_origin' ? seen : undefined;
    });
    expect([refused.status, refused.headers['retry-after'], refused.cookies]).toEqual([503, '3', []]);
    const newcomer = await world.client().get('/cart');
    expect([newcomer.status, newcomer.headers['retry-after'], newcomer.cookies]).toEqual([503, '3', []]);

    for (const origin of world.origins) await origin.start();
    await until('one is back', async () => (await used()).length > 0);
    await until('the first is served', async () => (await shopper?.client.get('/cart'))?.status === 200);
    for (const each of shoppers) await each.lookOnce();
    expect(complaintsOf(shoppers)).toEqual([]);
  });
});

it('[OU4] an origin whose clock is a day late keeps sessions, and they move to it and from it with their data', async () => {
  const shoppers = await crowd(20);
  const here = shoppers.filter((shopper) => shopper.home() === 'c');
  expect(here.length).toBeGreaterThan(0);
  await world.origin('a').kill();
  for (const shopper of shoppers) await shopper.lookOnce();
  await world.origin('a').start();
  await until('it is used again', async () => (await used()).includes('a'));
  await world.origin('c').kill();
  for (const shopper of shoppers) await shopper.lookOnce();
  expect(complaintsOf(shoppers)).toEqual([]);
  await world.origin('c').start();
});
