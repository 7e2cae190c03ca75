import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Seen } from './harness/client.ts';
import { sessionIn } from './harness/forge.ts';
import { type Edge, type Lab, startLab } from './harness/lab.ts';
import { until } from './harness/until.ts';

let lab: Lab;
let edge: Edge;
let cold: Edge;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 500, timeoutMs: 400, fall: 1, rise: 1 };
  const pool = { health, fallback: { paths: ['/docs/*'], retryAfterS: 7 } };
  lab = await startLab({ origins: ['a', 'b', 'c'], pools: [pool, pool] });
  [edge, cold] = lab.edges as [Edge, Edge];
});
afterAll(() => lab?.end());

const itemsOf = (seen: Seen) => seen.json<{ items: string[] }>().items;
const copyOf = (path: string) => edge.kv(`answer:shop:${edge.url.slice('http://'.length)}${path}`);

async function regular(): Promise<{ client: Client; home: string; session: string }> {
  const client = edge.client();
  await client.get('/cart');
  const { home = '' } = await client.post('/cart?item=one');
  return { client, home, session: sessionIn(client.jar.get('limpet')) };
}

async function isUsed(id: string): Promise<boolean> {
  const seen = await Promise.all(
    Array.from({ length: 20 }, (_, at) => edge.client().get('/who', { 'user-agent': `newcomer ${at}` })),
  );
  return seen.some(({ home }) => home === id);
}

it('[FB1] shard and home both away: a safe request is served from KV’s copy, which nobody may change', async () => {
  const { client, home, session } = await regular();
  await edge.shard(session, 'fold');
  await lab.origin(home).kill();
  await edge.suffer({ shard: 'away' });

  const seen = await client.get('/cart');
  expect([seen.status, seen.outcome, seen.reason, itemsOf(seen)]).toEqual([
    200,
    'fallback',
    'read_only_copy',
    ['one'],
  ]);
  expect(Number(seen.headers['limpet-age'])).toBeGreaterThanOrEqual(0);
  for (const refused of [await client.post('/cart?item=two'), await client.get('/look?item=two')]) {
    expect([refused.status, refused.headers['retry-after'] !== undefined]).toEqual([503, true]);
  }

  await edge.suffer({});
  expect((await client.post('/cart?item=three')).status).toBe(200);
  expect(itemsOf(await client.get('/cart'))).toEqual(['one', 'three']);
  await lab.origin(home).start();
  await until('the origin is used again', () => isUsed(home));
});

it('[FB2] a cold isolate routes by the KV mirror when the monitor throws', async () => {
  const { client, home } = await regular();
  await lab.origin(home).kill();
  await client.get('/who');
  await until('the mirror says so', async () => {
    const told = JSON.parse((await edge.kv('snapshot:shop')) ?? '{}');
    return told.snapshot?.origins[home]?.health === 'down';
  });

  await cold.suffer({ monitor: 'away', cache: 'none' });
  const newcomers = await Promise.all(
    Array.from({ length: 12 }, (_, at) => cold.client().get('/who', { 'user-agent': `newcomer ${at}` })),
  );
  expect(newcomers.every((seen) => seen.status === 200 && seen.headers['limpet-attempts'] === '1')).toBe(
    true,
  );
  expect(newcomers.some((seen) => seen.home === home)).toBe(false);
  const seen = await cold.client().get('/cart', { cookie: client.jar.header() });
  expect([seen.status, itemsOf(seen), seen.headers['limpet-attempts']]).toEqual([200, ['one'], '1']);
  const counts = await cold.counts();
  expect(counts['kv.get']).toBeGreaterThan(0);
  await lab.origin(home).start();
  await until('the origin is used again', () => isUsed(home));
});

it('[FB3] no origin can serve: an answer from before, marked with its age; else 503 with Retry-After, and the cookie is kept', async () => {
  const { client } = await regular();
  const cookie = client.jar.get('limpet');
  await client.get('/docs/broken');
  await client.get('/docs/personal');
  for (const path of ['/cacheable', '/docs/page']) {
    await client.get(path);
    await until(`a copy of ${path} is kept`, () => copyOf(path));
  }
  expect([await copyOf('/docs/broken'), await copyOf('/docs/personal'), await copyOf('/cart')]).toEqual([
    null,
    null,
    null,
  ]);

  await Promise.all(lab.origins.map((origin) => origin.kill()));
  // Also the very first request that finds out.
  const first = await client.get('/cart');
  expect([first.status, first.headers['limpet-code'], first.headers['retry-after']]).toEqual([
    503,
    'no_origin',
    '7',
  ]);

  const page = await client.get('/docs/page');
  expect([page.status, page.outcome, page.reason, page.body]).toEqual([
    200,
    'fallback',
    'cached_copy',
    '<h1>A page for everybody</h1>',
  ]);
  expect(page.headers).toMatchObject({
    'cache-control': 'no-store',
    age: expect.stringMatching(/^\d+$/),
    'content-type': /html/,
  });
  expect((await client.get('/cacheable')).outcome).toBe('fallback');

  const change = await client.post('/cart?item=two');
  expect([change.status >= 502, change.cookies]).toEqual([true, []]);
  await edge.kv('page:shop', '<h1>The shop is closed for a moment</h1>');
  const html = await client.get('/cart', { accept: 'text/html' });
  expect([html.status, html.body, html.headers['retry-after']]).toEqual([
    503,
    '<h1>The shop is closed for a moment</h1>',
    '7',
  ]);
  expect(client.jar.get('limpet')).toBe(cookie);

  await Promise.all(lab.origins.map((origin) => origin.start()));
  const back = await until('somebody serves again', async () => {
    const seen = await client.get('/cart');
    return seen.status === 200 ? seen : undefined;
  });
  expect(itemsOf(back)).toContain('one');
});
