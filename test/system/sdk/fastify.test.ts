import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { App } from './cart-app.ts';
import { call, createClient } from './fake-edge.ts';
import { type FakeStore, startFakeStore } from './fake-store.ts';
import { startFastifyApp } from './fastify-app.ts';

let store: FakeStore;
let app: App;
let count = 0;

const newClient = () => createClient(store, `f${String((count += 1)).padStart(28, '0')}`);
const first = { method: 'POST', sent: { 'limpet-new': '1' } } as const;

beforeAll(async () => {
  store = await startFakeStore('a');
  app = await startFastifyApp();
});
afterAll(async () => {
  await app.close();
  await store.close();
});
beforeEach(() => {
  store.behaviour = { kind: 'well' };
  store.calls.length = 0;
});

const storedItems = (session: string): unknown => {
  const state = store.rows.get(session)?.state.toString() ?? '';
  const texts: string[] = state === '' ? [] : Object.values(JSON.parse(state).records);
  return texts.flatMap((text) => JSON.parse(text).items ?? []);
};

const ways = ['json', 'send', 'redirect', 'no-content', 'error', 'pipe', 'save', 'login'];

for (const way of ways) {
  for (const kb of ['', '&kb=20']) {
    const size = kb === '' ? 'small' : 'large';
    it(`[SD48] ${way}, ${size}: the state is kept before the answer is seen`, async () => {
      const client = newClient();
      const seen = await client.ask(app.url, `/${way}?item=1${kb}`, first);
      expect([seen.end, storedItems(client.session)]).toEqual(['complete', ['1']]);
      expect(store.calls.filter((line) => line.startsWith('PUT'))).toHaveLength(size === 'large' ? 1 : 0);
      expect(seen.headers['set-cookie']).toHaveLength(1);
      const cart = await client.ask(app.url, '/cart');
      expect([cart.body, cart.limpet]).toEqual(['["1"]', {}]);
    });

    it(`[SD49] ${way}, ${size}: nobody sees success when the session moved`, async () => {
      const client = newClient();
      await client.ask(app.url, '/json?item=0', first);
      const epoch = store.rows.get(client.session)?.epoch ?? 0;
      store.claim(client.session, { home: 'b', instance: 'other', epoch });
      const seen = await client.ask(app.url, `/${way}?item=1${kb}`, { method: 'POST', epoch });
      expect([seen.status, storedItems(client.session)]).toEqual([409, ['0']]);
      expect(seen.body).toContain('session_moved');
      expect(seen.headers['set-cookie']).toBeUndefined();
    });
  }
}

describe('a session of @fastify/session', () => {
  it('[SD48] goes on at an instance that has never seen it', async () => {
    const client = newClient();
    await client.ask(app.url, '/json?item=1', first);
    const next = await startFastifyApp();
    expect((await client.ask(next.url, '/cart')).body).toBe('["1"]');
    await next.close();
  });

  it('[SD48] is rolled with each answer, and that asks no store', async () => {
    const client = newClient();
    await client.ask(app.url, '/json?item=1', first);
    for (let asked = 0; asked < 3; asked++) expect((await client.ask(app.url, '/cart')).limpet).toEqual({});
    expect(store.calls).toEqual([]);
  });

  it('[SD50] reload reads what was kept, and the store has the record', async () => {
    const client = newClient();
    await client.ask(app.url, '/json?item=1', first);
    expect((await client.ask(app.url, '/reload?item=2', { method: 'POST' })).body).toBe('["1"]');
    expect(JSON.parse((await client.ask(app.url, '/mine')).body)).toMatchObject({ items: ['1'] });
  });

  it('[SD50] regenerate is a rotation, destroy an end', async () => {
    const client = newClient();
    await client.ask(app.url, '/json?item=1', first);
    const login = await client.ask(app.url, '/login?item=2', { method: 'POST' });
    expect(login.limpet).toMatchObject({ 'limpet-rotate': '1' });
    const other = newClient();
    await other.ask(app.url, '/json?item=1', first);
    expect((await other.ask(app.url, '/logout', { method: 'POST' })).limpet).toMatchObject({
      'limpet-end': '1',
    });
  });

  it('[SD49] a save after the headers that is refused cuts the connection', async () => {
    const client = newClient();
    await client.ask(app.url, '/json?item=0', first);
    const epoch = store.rows.get(client.session)?.epoch ?? 0;
    store.claim(client.session, { home: 'b', instance: 'other', epoch });
    const seen = await client.ask(app.url, '/late?item=1', { method: 'POST', epoch });
    expect([seen.end, storedItems(client.session)]).toEqual(['cut', ['0']]);
  });

  it('[SD49] too large a state is refused, and the one before is read next', async () => {
    const client = newClient();
    await client.ask(app.url, '/json?item=1', first);
    const seen = await client.ask(app.url, '/json?item=2&kb=200', { method: 'POST' });
    expect([seen.status, seen.limpet['limpet-refused']]).toEqual([503, 'too-large']);
    expect((await client.ask(app.url, '/cart')).body).toBe('["1"]');
  });
});

it('[SD51] a request that did not come through Limpet uses the store of the application', async () => {
  const seen = await call(app.url, '/json?item=direct', 'POST', {});
  const cookie = seen.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const next = await call(app.url, '/cart', 'GET', { cookie });
  expect([next.body, next.limpet, store.calls]).toEqual(['["direct"]', {}, []]);
});

it('[SD51] a forged signature is 403 before anything runs', async () => {
  const bare = await call(app.url, '/json?item=1', 'POST', { 'limpet-session': newClient().session });
  expect([bare.status, JSON.parse(bare.body).code]).toEqual([403, 'signature_invalid']);
});
