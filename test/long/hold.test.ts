import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from '../system/harness/world.ts';

let world: World;
beforeAll(async () => {
  const session = { mode: 'local', onHomeLost: 'empty', holdMs: 30_000 } as const;
  const health = { path: '/health', intervalMs: 120_000, timeoutMs: 60_000 };
  world = await startWorld({ origins: ['a', 'b'], sessions: 'plain', pool: { session, health } });
});
afterAll(() => world?.end());

it('[LM5] home is silent for longer than a request waits: 503 with Retry-After, and the cookie is kept', async () => {
  const client = world.client();
  await client.get('/cart');
  const { home } = await client.post('/cart?item=one');
  const cookie = client.jar.header();
  world.origin(home).freeze();
  const seen = await client.get('/cart');
  expect([seen.status, seen.headers['limpet-code'], seen.headers['retry-after']]).toEqual([
    503,
    'home_in_doubt',
    '5',
  ]);
  expect(client.jar.header()).toBe(cookie);
  world.origin(home).thaw();
  const back = await client.get('/cart');
  expect([back.status, back.home, back.json<{ items: string[] }>().items]).toEqual([200, home, ['one']]);
});
