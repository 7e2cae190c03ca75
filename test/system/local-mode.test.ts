import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Client } from './harness/client.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  const session = { mode: 'local', onHomeLost: 'empty' } as const;
  // The monitor is slow here: what happens is the request path's own doing.
  const health = { path: '/health', intervalMs: 60_000, timeoutMs: 20_000 };
  world = await startWorld({ origins: ['a', 'b', 'c'], sessions: 'plain', pool: { session, health } });
});
afterEach(() => world.origins.forEach(({ thaw }) => thaw()));
afterAll(() => world?.end());

const itemsOf = async (client: Client) => (await client.get('/cart')).json<{ items: string[] }>().items;

async function regular(agent = ''): Promise<{ client: Client; home: string }> {
  const client = world.client();
  await client.get('/cart', { 'user-agent': agent });
  const { home = '' } = await client.post('/cart?item=one');
  return { client, home };
}

/** Newcomers are not sent there any more: somebody has found it silent. */
async function isAvoided(id: string): Promise<boolean> {
  const seen = await Promise.all(
    Array.from({ length: 12 }, (_, at) => world.client().get('/who', { 'user-agent': `newcomer ${at}` })),
  );
  return seen.every(({ home, headers }) => home !== id && headers['limpet-attempts'] === '1');
}

it('[LM1] an origin of a local pool hears nothing of the contract', async () => {
  const { client } = await regular();
  expect((await client.get('/headers')).body).not.toContain('limpet-session');
});

it('[LM2] home is silent for less than holdMs: the request waits, and nobody loses the only copy', async () => {
  const { client, home } = await regular('a browser of its own');
  const sameHome = world.client();
  sameHome.jar.set('limpet', client.jar.get('limpet') ?? '');
  world.origin(home).freeze();
  const waiting = client.get('/cart');
  await until('the silence was noticed', () => isAvoided(home));
  world.origin(home).thaw();
  const seen = await waiting;
  expect([seen.status, seen.home, seen.outcome]).toEqual([200, home, 'kept']);
  expect(await itemsOf(client)).toEqual(['one']);
  expect((await sameHome.get('/who')).home).toBe(home);
});

it('[LM2] a change that is under way then is not sent twice', async () => {
  const { client, home } = await regular('another browser');
  world.origin(home).freeze();
  const seen = await client.post('/cart?item=two');
  expect([seen.status, seen.headers['limpet-code']]).toEqual([504, 'delivery_unknown']);
  world.origin(home).thaw();
  await until('it has been executed', async () => (await itemsOf(client)).length === 2);
  expect((await client.get('/cart')).home).toBe(home);
});

it('[LM3] home is silent for longer: a fresh session elsewhere, which stays there when home is back', async () => {
  const { client, home } = await regular('a third browser');
  world.origin(home).freeze();
  const seen = await client.get('/cart');
  expect([seen.status, seen.outcome, seen.reason, seen.home === home]).toEqual([
    200,
    'moved',
    'home_hangs',
    false,
  ]);
  expect(seen.json()).toMatchObject({ items: [] });
  await client.post('/cart?item=two');
  world.origin(home).thaw();
  await world.origin(home).ask('/who');
  const later = await client.get('/cart');
  expect([later.home === seen.home, later.json<{ items: string[] }>().items]).toEqual([true, ['two']]);
});

it('[LM4] home is killed: the user gets a fresh session, and the outcome says so', async () => {
  const { client, home } = await regular();
  expect(await itemsOf(client)).toEqual(['one']);
  await world.origin(home).kill();
  const seen = await client.get('/cart');
  expect([seen.status, seen.outcome, seen.home === home]).toEqual([200, 'moved', false]);
  expect(seen.reason).toMatch(/^home_(lost|refused|down)$/);
  expect(seen.cookies).toContain('limpet');
  expect(seen.json()).toMatchObject({ items: [] });
  await client.post('/cart?item=two');
  expect(await itemsOf(client)).toEqual(['two']);

  await world.origin(home).start();
  expect(await itemsOf(client)).toEqual(['two']);
  expect((await client.get('/cart')).outcome).toBe('kept');
});
