import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from './harness/client.ts';
import type { Counts } from './harness/lab/orders.ts';
import { type Edge, type Lab, startLab } from './harness/lab.ts';
import { until } from './harness/until.ts';

let lab: Lab;
let edge: Edge;
beforeAll(async () => {
  lab = await startLab({ origins: ['a', 'b'], pools: [{}], debug: 'off' });
  [edge] = lab.edges as [Edge];
});
afterAll(() => lab?.end());

/** What this isolate asks once a second whatever the traffic is: how the pool is. */
const snapshotCalls = ['cache.match', 'cache.put', 'monitor.snapshot'];

const requests = 50;

function grown(before: Counts, after: Counts): Counts {
  const names = Object.keys(after).filter((name) => after[name] !== before[name]);
  return Object.fromEntries(names.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]));
}

/** What the edge asks anybody while `work` is done; done again when the second of a snapshot fell into it. */
async function askedDuring(work: () => Promise<void>): Promise<Counts> {
  return until('no snapshot was due meanwhile', async () => {
    const before = await edge.counts();
    await work();
    const asked = grown(before, await edge.counts());
    return Object.keys(asked).some((name) => snapshotCalls.includes(name)) ? undefined : asked;
  });
}

async function look(client: Client, path: string): Promise<void> {
  for (let count = 0; count < requests; count += 1) expect((await client.get(path)).status).toBe(200);
}

const callsOfOrigins = async () =>
  (await Promise.all(lab.origins.map((origin) => origin.ask<number>('/calls')))).join();

it('[SY1] the steady state asks nobody: no Durable Object, no KV, no cache, no signature, and no call of the origin', async () => {
  const client = edge.client();
  await client.get('/cart');
  await client.post('/cart?item=one');
  await client.get('/cart');
  const before = await callsOfOrigins();
  expect(await askedDuring(() => look(client, '/cart'))).toEqual({});
  expect(await callsOfOrigins()).toBe(before);
  expect((await edge.counts())['api']).toBeUndefined();
});

it('[SY2] the pool is asked for at most once a second, however many requests there are', async () => {
  const client = edge.client();
  await client.get('/who');
  const [before, from] = [await edge.counts(), Date.now()];
  await Promise.all(Array.from({ length: 8 }, () => look(client, '/who')));
  const asked = grown(before, await edge.counts());
  const seconds = Math.ceil((Date.now() - from) / 1_000) + 1;
  for (const name of snapshotCalls) expect(asked[name] ?? 0).toBeLessThanOrEqual(seconds);
});

it('[SY3] a visitor who never stores anything costs no call of a shard', async () => {
  const client = edge.client();
  await client.get('/cart');
  await client.get('/cart');
  expect(await askedDuring(() => look(client, '/cart'))).toEqual({});
});

it('[SY4] a request without a cookie writes no row and asks no shard', async () => {
  const before = await edge.counts();
  for (let count = 0; count < requests; count += 1) {
    const seen = await edge.client().get('/cart');
    expect([seen.status, seen.cookies]).toEqual([200, ['limpet']]);
  }
  const asked = grown(before, await edge.counts());
  expect(Object.keys(asked).filter((name) => /^(shard|kv)/.test(name))).toEqual([]);
});

it('[SY5] a change costs one call of the shard, and none of the origin', async () => {
  const client = edge.client();
  await client.get('/cart');
  const before = await callsOfOrigins();
  const change = async () => expect((await client.post('/cart?item=x')).status).toBe(200);
  expect(await askedDuring(change)).toMatchObject({ 'shard.put': 1 });
  expect(await callsOfOrigins()).toBe(before);
});

it('[SY6] the answer goes through untouched', async () => {
  const client = edge.client();
  await client.get('/who');
  const direct = await (await fetch(`${lab.origin('a').url}/cookies?domain=x`)).headers.getSetCookie();
  const seen = await client.get('/cookies?domain=x');
  expect(seen.headers['set-cookie']).toEqual(direct);
  const only = await client.get('/contract-headers');
  expect(Object.keys(only.headers).filter((name) => name.startsWith('limpet'))).toEqual([]);
});
