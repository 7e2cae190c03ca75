import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { OriginOptions } from '../../../sdk/express.ts';
import { createOrigin } from '../../../sdk/origin.ts';
import { type App, startCartApp } from './cart-app.ts';
import { createClient, HOME, KEY } from './fake-edge.ts';
import { type FakeStore, startFakeStore } from './fake-store.ts';

const keyOf = (name: string) => createHmac('sha256', 'test').update(name).digest('base64');
const [OLD, NEW] = [keyOf('old'), keyOf('new')] as const;
let store: FakeStore;
let count = 0;
const apps: App[] = [];
const problems: string[] = [];

beforeAll(async () => void (store = await startFakeStore(HOME)));
afterEach(async () => {
  problems.splice(0);
  store.behaviour = { kind: 'well' };
  await Promise.all(apps.splice(0).map(({ close }) => close()));
});
afterAll(() => store.close());

async function start(keys?: readonly string[], unencrypted?: 'accept'): Promise<string> {
  const encryption = keys && { keys, ...(unencrypted ? { unencrypted } : {}) };
  const onProblem = ({ code, message }: { code: string; message: string }) =>
    void problems.push(`${code}: ${message}`);
  const options: OriginOptions = { onProblem, storeDeadlineMs: 300, ...(encryption ? { encryption } : {}) };
  const app = await startCartApp(undefined, options);
  apps.push(app);
  return app.url;
}

const visitor = () => createClient(store, `e${String((count += 1)).padStart(28, '0')}`);
const stored = (session: string) => store.rows.get(session)?.state ?? Buffer.alloc(0);
const post = { method: 'POST' } as const;
const seen = ({ status, body }: { status: number; body: string }) => [status, body];

it.each([
  ['in a header', '/json?item=rose'],
  ['by a put', '/json?item=rose&kb=4'],
  ['after the headers', '/late?item=rose'],
])('[EE8] a change that goes %s leaves encrypted, and another instance reads it', async (_how, path) => {
  const [client, url] = [visitor(), await start([NEW])];
  await client.ask(url, '/json?item=tulip', post);
  expect((await client.ask(url, path, post)).status).toBe(200);
  expect(stored(client.session).length).toBeGreaterThan(0);
  expect([stored(client.session).includes('rose'), stored(client.session).subarray(1, 3).toString()]).toEqual(
    [false, 'LE'],
  );
  expect(seen(await client.ask(await start([NEW]), '/cart'))).toEqual([200, '["tulip","rose"]']);
});

it('[EE8] what fits in a header encrypted goes there, what does not is put', async () => {
  const [client, url] = [visitor(), await start([NEW])];
  const stateOf = async (kb: number) =>
    (await client.ask(url, `/json?item=a&kb=${kb}`, post)).limpet['limpet-state'];
  expect([(await stateOf(2))?.length, await stateOf(3)]).toEqual([expect.any(Number), undefined]);
});

it('[EE9] a state that no key opens: 503, the operator is told, nothing is overwritten, and with the key all is there', async () => {
  const client = visitor();
  await client.ask(await start([OLD]), '/json?item=rose', post);
  const before = stored(client.session);
  for (const url of [await start([NEW]), await start()]) {
    const refused = await client.ask(url, '/json?item=tulip', post);
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([503, 'state_locked']);
    expect((await client.ask(url, '/cart')).status).toBe(503);
  }
  expect(stored(client.session)).toEqual(before);
  expect(problems[0]).toMatch(/^state_locked: e0000000…: cannot open its state: it was encrypted with key/);
  expect(seen(await client.ask(await start([NEW, OLD]), '/json?item=tulip', post))).toEqual([
    200,
    '["rose","tulip"]',
  ]);
});

it('[EE9] the same of a state that comes with the request', async () => {
  const client = visitor();
  const url = await start([NEW]);
  const state = Buffer.from('{"v":1,"records":{}}').toString('base64url');
  for (const sent of [
    { 'limpet-state': state, 'limpet-version': '1' },
    { 'limpet-state': state, 'limpet-version': '1', 'limpet-read-only': '9' },
  ])
    expect((await client.ask(url, '/json?item=rose', { ...post, sent })).status).toBe(503);
  expect(store.rows.get(client.session)).toBeUndefined();
});

it('[EE10] a rotation of keys, one origin after the other, loses no session', async () => {
  const client = visitor();
  let expected: string[] = [];
  for (const keys of [[OLD], [OLD, NEW], [NEW, OLD], [NEW]]) {
    expected = [...expected, String(keys.length)];
    const answer = await client.ask(await start(keys), `/json?item=${keys.length}`, post);
    expect(seen(answer)).toEqual([200, JSON.stringify(expected)]);
  }
});

it('[EE10] encryption is introduced while states without it are accepted', async () => {
  const client = visitor();
  await client.ask(await start(), '/json?item=rose', post);
  expect((await client.ask(await start([NEW]), '/cart')).status).toBe(503);
  const url = await start([NEW], 'accept');
  expect(seen(await client.ask(url, '/json?item=tulip', post))).toEqual([200, '["rose","tulip"]']);
  expect(stored(client.session).includes('rose')).toBe(false);
});

it('[EE11] a login goes out encrypted, and is read under the new id', async () => {
  const client = visitor();
  const url = await start([NEW]);
  await client.ask(url, '/json?item=rose', post);
  const login = await client.ask(url, '/login?item=in', post);
  expect([login.status, login.limpet['limpet-rotate']]).toEqual([200, '1']);
  const sent = {
    'limpet-state': login.limpet['limpet-state'] ?? '',
    'limpet-version': login.limpet['limpet-version'] ?? '',
  };
  const [cookie] = login.headers['set-cookie'] ?? [];
  const renamed = visitor();
  const answer = await renamed.ask(await start([NEW]), '/cart', {
    sent,
    headers: { cookie: cookie?.split(';')[0] ?? '' },
  });
  expect(seen(answer)).toEqual([200, '["in"]']);
});

it('[EE12] outside of a request: stored encrypted, and what is locked is said and stays', async () => {
  const client = visitor();
  const options = { origin: HOME, key: KEY, onProblem: () => undefined };
  const origin = createOrigin({ ...options, encryption: { keys: [OLD] } });
  const headers: Record<string, string | undefined> = client.headersFor('/ws');
  const arrival = await origin.arrive({ method: 'GET', target: '/ws', header: (name) => headers[name] });
  if (arrival.kind !== 'visit') throw new Error(`The request was ${arrival.kind}`);
  const { handle } = arrival.visit;
  arrival.visit.close();
  expect(await origin.value(handle).set({ note: 'rose' })).toBe('stored');
  const before = stored(client.session);
  expect(before.includes('rose')).toBe(false);
  const other = createOrigin({ ...options, encryption: { keys: [NEW] } });
  expect(await other.value(handle).set({ note: 'tulip' })).toBe('locked');
  expect(await other.session(handle).get()).toEqual({ kind: 'locked' });
  expect(stored(client.session)).toEqual(before);
  const both = createOrigin({ ...options, encryption: { keys: [NEW, OLD] } });
  expect(await both.value(handle).get()).toEqual({ kind: 'value', value: { note: 'rose' } });
});
