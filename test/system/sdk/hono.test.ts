import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { limpet, type HonoOptions, type LimpetEnv } from '../../../sdk/hono.ts';
import { fetchFrom } from './node-fetch.ts';
import { call, createClient, HOME, KEY } from './fake-edge.ts';
import { type FakeStore, startFakeStore } from './fake-store.ts';

let store: FakeStore;
let count = 0;
const servers: { close(): void }[] = [];

beforeAll(async () => void (store = await startFakeStore(HOME)));
afterEach(() => {
  store.behaviour = { kind: 'well' };
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => store.close());

const itemsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** A shop as a stranger would write it with Hono. */
function shop(options: HonoOptions): Hono<LimpetEnv> {
  const app = new Hono<LimpetEnv>();
  app.use(limpet(options));
  app.get('/cart', (c) => c.json(itemsOf(c.var.session.get())));
  app.get('/facts', (c) => c.json(c.var.session.facts));
  app.post('/cart', (c) => {
    const items = [...itemsOf(c.var.session.get()), c.req.query('item')];
    c.var.session.set(c.req.query('kb') ? [...items, 'x'.repeat(1024 * Number(c.req.query('kb')))] : items);
    c.header('set-cookie', 'mine=1');
    return c.json(items);
  });
  app.post('/failed', (c) => {
    c.var.session.set(['before the error']);
    throw new Error('the application failed');
  });
  app.post('/login', (c) => (c.var.session.rotate(), c.text('in')));
  app.post('/logout', (c) => (c.var.session.end(), c.text('out')));
  return app;
}

async function start(options: HonoOptions = {}): Promise<string> {
  const app = shop({ origin: HOME, key: KEY, storeDeadlineMs: 200, onProblem: () => undefined, ...options });
  const server = createServer(fetchFrom((request) => app.fetch(request)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push({ close: () => (server.closeAllConnections(), server.close()) });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const visitor = () => createClient(store, `h${String((count += 1)).padStart(28, '0')}`);
const post = { method: 'POST' } as const;

it('[SD61] Hono: a change is kept with the answer, and another instance goes on with it', async () => {
  const [client, one] = [visitor(), await start()];
  expect((await client.ask(one, '/cart?item=a', post)).body).toBe('["a"]');
  const other = await start();
  expect((await client.ask(other, '/cart')).body).toBe('["a"]');
  expect((await client.ask(other, '/cart?item=b', post)).headers['set-cookie']).toEqual(['mine=1']);
  expect((await client.ask(await start(), '/cart')).body).toBe('["a","b"]');
});

it('[SD61] Hono: a large state is put first; refused, nothing of the answer is left', async () => {
  const [client, url] = [visitor(), await start()];
  await client.ask(url, '/cart?item=a', post);
  expect((await client.ask(url, '/cart?item=b&kb=4', post)).status).toBe(200);
  const refused = await client.ask(url, '/cart?item=c&kb=200', post);
  expect([refused.status, JSON.parse(refused.body).code]).toEqual([503, 'state_too_large']);
  expect([refused.headers['set-cookie'], refused.limpet['limpet-refused']]).toEqual([undefined, 'too-large']);
  expect(JSON.parse((await client.ask(url, '/cart')).body)[1]).toBe('b');
});

it('[SD61] Hono: a handler that throws answers with its error, and what it had set is kept with that', async () => {
  const [client, url] = [visitor(), await start()];
  expect((await client.ask(url, '/failed', post)).status).toBe(500);
  expect((await client.ask(await start(), '/cart')).body).toBe('["before the error"]');
});

it('[SD61] Hono: login rotates, logout ends, a forged request is 403, one past Limpet is not kept', async () => {
  const [client, url] = [visitor(), await start()];
  await client.ask(url, '/cart?item=a', post);
  expect((await client.ask(url, '/login', post)).limpet['limpet-rotate']).toBe('1');
  expect((await client.ask(url, '/logout', post)).limpet['limpet-end']).toBe('1');
  const forged = { ...visitor().headersFor('/cart'), 'limpet-epoch': '9' };
  expect((await call(url, '/cart', 'GET', forged)).status).toBe(403);
  expect((await call(url, '/cart?item=a', 'POST', {})).body).toBe('["a"]');
  expect((await call(url, '/facts', 'GET', {})).body).toBe('');
});

it('[SD62] the facts of a request: whose session, which epoch, where it came from', async () => {
  const client = visitor();
  const [one, other] = [await start(), await start()];
  const facts = async (url: string, sent: Record<string, string> = {}) =>
    JSON.parse((await client.ask(url, '/facts', { sent })).body);
  const first = await facts(one, { 'limpet-new': '1' });
  expect(first).toMatchObject({ session: client.session, epoch: 0, origin: HOME, source: 'new' });
  await client.ask(one, '/cart?item=a', post);
  expect(await facts(one)).toMatchObject({ epoch: 0, source: 'kept', instance: first.instance });
  const moved = await facts(other);
  expect(moved).toMatchObject({ epoch: 1, source: 'restored' });
  expect(moved.instance).not.toBe(first.instance);
  expect(await facts(other)).toMatchObject({ source: 'kept' });
  const sent = { 'limpet-read-only': '9', 'limpet-state': '', 'limpet-version': '0' };
  expect(await facts(await start(), sent)).toMatchObject({ source: 'read-only' });
});
