import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from './harness/client.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
// As an operator has it who has set nothing: at work on such a state, an application must still answer the probe of doubt.
beforeAll(async () => (world = await startWorld()));
afterAll(() => world?.end());

const mebibyte = 1024 * 1024;
/** The state is a little larger than what the application put in: names, quotes and a cookie. */
const almost = 8 * mebibyte - 2_048;

const bulkOf = async (client: Client) =>
  (await client.get('/bulk')).json<{ bytes: number; sha256: string }>();

/** The visitor's home dies; the next request is answered by another one. */
async function loseHome(client: Client): Promise<void> {
  const { home } = await client.get('/who');
  await world.origin(home).kill();
  await until('another home answers', async () => {
    const seen = await client.get('/cart');
    return seen.status === 200 && seen.home !== home;
  });
  await world.origin(home).restart();
}

it('[LS1] a state of 8 MiB survives its home, byte for byte', async () => {
  const client = world.client();
  expect((await client.post(`/cart?item=one&noise=${almost}`)).status).toBe(200);
  const before = await bulkOf(client);
  expect(before.bytes).toBe(almost);
  await loseHome(client);
  expect(await bulkOf(client)).toEqual(before);
});

it('[LS1] a state of 8 MiB that compresses well survives as well', async () => {
  const client = world.client();
  expect((await client.post('/cart?item=one&kb=8190')).status).toBe(200);
  const before = await bulkOf(client);
  await loseHome(client);
  expect(await bulkOf(client)).toEqual(before);
});

it('[LS6] a change of many small values, 8 MiB of them, is answered, though no probe is meanwhile', async () => {
  const client = world.client();
  for (const item of ['one', 'two']) {
    const seen = await client.post(`/cart?item=${item}&rows=105000`);
    expect([seen.status, seen.outcome]).toEqual([200, expect.stringMatching(/assigned|kept/)]);
  }
  await loseHome(client);
  expect((await client.get('/cart')).json()).toMatchObject({ items: ['one', 'two'] });
});

it('[LS4] a larger one is refused, compressible or not, and the one before stays', async () => {
  const client = world.client();
  await client.post('/cart?item=one&noise=100000');
  const before = await bulkOf(client);
  for (const size of [`noise=${8 * mebibyte}`, 'kb=8192']) {
    const seen = await client.post(`/cart?item=two&${size}`);
    expect([seen.status, seen.headers['limpet-code']]).toEqual([503, 'state_too_large']);
  }
  await loseHome(client);
  expect(await bulkOf(client)).toEqual(before);
  expect((await client.get('/cart')).json()).toMatchObject({ items: ['one'] });
});
