import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Client } from './harness/client.ts';
import { type Edge, type Lab, startLab } from './harness/lab.ts';
import { until } from './harness/until.ts';

let lab: Lab;
let one: Edge;
let two: Edge;
// Two colos: neither sees what the other has cached.
const apart = { cache: 'none' } as const;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 1_000, timeoutMs: 900, fall: 1, rise: 1 };
  lab = await startLab({ origins: ['a', 'b'], pools: [{ health }, { health }], faults: apart });
  [one, two] = lab.edges as [Edge, Edge];
});
afterEach(() => Promise.all([one.suffer(apart), two.suffer(apart)]));
afterAll(() => lab?.end());

const itemsOf = async (client: Client) => (await client.get('/cart')).json<{ items: string[] }>().items;

/** One visitor's session, at home at `home`, and known at both edges. */
async function visitorAt(home: string, agent = 0): Promise<{ near: Client; far: Client }> {
  const [near, far] = [one.client(), two.client()];
  const first = await near.get('/cart', { 'user-agent': `browser ${agent}` });
  if (first.home !== home) return visitorAt(home, agent + 1);
  await near.post('/cart?item=one');
  for (const name of ['limpet', 'connect.sid']) far.jar.set(name, near.jar.get(name) ?? '');
  return { near, far };
}

/** Edge one takes the origin for dead, and nobody else does. */
async function suspect(id: string): Promise<void> {
  await one.suffer({ ...apart, down: [id] });
  await until('edge one has heard', async () => {
    const seen = await Promise.all(
      Array.from({ length: 12 }, (_, at) => one.client().get('/who', { 'user-agent': `new ${at}` })),
    );
    return seen.every(({ home }) => home !== id);
  });
}

const locates = async (edge: Edge) => (await edge.counts())['shard.locate'] ?? 0;

it('[TE1] one edge moves a session whose home it takes for dead: the other asks once, and follows', async () => {
  const { near, far } = await visitorAt('a');
  expect((await far.get('/cart')).home).toBe('a');
  await suspect('a');
  const moved = await near.post('/cart?item=two');
  expect([moved.status, moved.home, moved.outcome]).toEqual([200, 'b', 'restored']);

  await until('word of it has come to edge two', async () => (await far.get('/who')).home === 'b');
  expect(await itemsOf(far)).toEqual(['one', 'two']);
  const before = await locates(two);
  for (let count = 0; count < 10; count += 1) expect((await far.get('/cart')).home).toBe('b');
  expect(await locates(two)).toBe(before);
  expect((await far.post('/cart?item=three')).status).toBe(200);
  expect(await itemsOf(near)).toEqual(['one', 'two', 'three']);
});

it('[TE2] until it has heard, it can write nothing at the old home: 409, and the next request is right', async () => {
  const { near, far } = await visitorAt('a');
  await two.suffer({ ...apart, snapshot: 'frozen' });
  await suspect('a');
  expect((await near.post('/cart?item=two')).home).toBe('b');
  const late = await far.post('/cart?item=lost');
  expect([late.status, late.headers['limpet-code']]).toEqual([409, 'session_moved']);
  expect(await itemsOf(far)).toEqual(['one', 'two']);
  expect((await far.post('/cart?item=three')).status).toBe(200);
  expect(await itemsOf(near)).toEqual(['one', 'two', 'three']);
});

it('[TE3] both edges find home dead at the same moment: one move, and both have the data', async () => {
  const visitors = await Promise.all(Array.from({ length: 10 }, () => visitorAt('a')));
  await lab.origin('a').kill();
  const seen = await Promise.all(visitors.flatMap(({ near, far }) => [near.get('/cart'), far.get('/cart')]));
  for (const { status, home, headers, json } of seen) {
    expect([status, home, json<{ items: string[] }>().items]).toEqual([200, 'b', ['one']]);
    expect(Number(headers['limpet-epoch'])).toBeGreaterThanOrEqual(1);
  }
  for (const { near, far } of visitors) {
    const [here, there] = [await near.get('/cart'), await far.get('/cart')];
    expect(here.headers['limpet-epoch']).toBe(there.headers['limpet-epoch']);
  }
  await lab.origin('a').start();
});

it('[TE4] writes through both edges while they disagree: none that was acknowledged is lost', async () => {
  await until(
    'the origin is used again',
    async () => (await visitorAt('a').then(({ near }) => near.get('/who'))).home === 'a',
  );
  const visitors = await Promise.all(Array.from({ length: 16 }, () => visitorAt('a')));
  const acknowledged = visitors.map(() => ['one']);
  const refusals = new Set<string>();
  const day = new AbortController();
  const writing = visitors.flatMap((visitor, at) =>
    (['near', 'far'] as const).map(async (side) => {
      for (let count = 0; !day.signal.aborted; count += 1) {
        const item = `${side}.${count}`;
        const seen = await visitor[side].post(`/cart?item=${item}`);
        if (seen.status === 200) acknowledged[at]?.push(item);
        else refusals.add(`${seen.status} ${String(seen.headers['limpet-code'])}`);
      }
    }),
  );
  await suspect('a');
  await until('both edges agree on all of them', async () => {
    const homes = await Promise.all(visitors.flatMap(({ near, far }) => [near.get('/who'), far.get('/who')]));
    return homes.every(({ home }) => home === 'b');
  });
  day.abort();
  await Promise.all(writing);
  expect([...refusals].filter((refusal) => refusal !== '409 session_moved')).toEqual([]);
  const carts = await Promise.all(visitors.map(({ far }) => itemsOf(far)));
  carts.forEach((items, at) => expect(acknowledged[at]?.filter((item) => !items.includes(item))).toEqual([]));
  expect(carts.every((items) => new Set(items).size === items.length)).toBe(true);
});
