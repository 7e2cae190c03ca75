import { describe, expect, it } from 'vitest';
import { call } from './fake-edge.ts';
import { startFastifyApp } from './fastify-app.ts';
import { setStage } from './stage.ts';

const stage = setStage(startFastifyApp);
const first = { method: 'POST', sent: { 'limpet-new': '1' } } as const;

const ways = ['json', 'send', 'redirect', 'no-content', 'error', 'pipe', 'save', 'login'];

for (const way of ways) {
  for (const kb of ['', '&kb=20']) {
    const size = kb === '' ? 'small' : 'large';
    it(`[SD48] ${way}, ${size}: the state is kept before the answer is seen`, async () => {
      const client = stage.newClient();
      const seen = await client.ask(stage.url, `/${way}?item=1${kb}`, first);
      expect([seen.end, stage.storedItems(client.session)]).toEqual(['complete', ['1']]);
      expect(stage.store.calls.filter((line) => line.startsWith('PUT'))).toHaveLength(
        size === 'large' ? 1 : 0,
      );
      expect(seen.headers['set-cookie']).toHaveLength(1);
      const cart = await client.ask(stage.url, '/cart');
      expect([cart.body, cart.limpet]).toEqual(['["1"]', {}]);
    });

    it(`[SD49] ${way}, ${size}: nobody sees success when the session moved`, async () => {
      const client = stage.newClient();
      await client.ask(stage.url, '/json?item=0', first);
      const epoch = stage.store.rows.get(client.session)?.epoch ?? 0;
      stage.store.claim(client.session, { home: 'b', instance: 'other', epoch });
      const seen = await client.ask(stage.url, `/${way}?item=1${kb}`, { method: 'POST', epoch });
      expect([seen.status, stage.storedItems(client.session)]).toEqual([409, ['0']]);
      expect(seen.body).toContain('session_moved');
      expect(seen.headers['set-cookie']).toBeUndefined();
    });
  }
}

describe('a session of @fastify/session', () => {
  it('[SD48] goes on at an instance that has never seen it', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', first);
    const next = await startFastifyApp();
    expect((await client.ask(next.url, '/cart')).body).toBe('["1"]');
    await next.close();
  });

  it('[SD48] is rolled with each answer, and that asks no store', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', first);
    for (let asked = 0; asked < 3; asked++) expect((await client.ask(stage.url, '/cart')).limpet).toEqual({});
    expect(stage.store.calls).toEqual([]);
  });

  it('[SD50] reload reads what was kept, and the store has the record', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', first);
    expect((await client.ask(stage.url, '/reload?item=2', { method: 'POST' })).body).toBe('["1"]');
    expect(JSON.parse((await client.ask(stage.url, '/mine')).body)).toMatchObject({ items: ['1'] });
  });

  it('[SD50] regenerate is a rotation, destroy an end', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', first);
    const login = await client.ask(stage.url, '/login?item=2', { method: 'POST' });
    expect(login.limpet).toMatchObject({ 'limpet-rotate': '1' });
    const other = stage.newClient();
    await other.ask(stage.url, '/json?item=1', first);
    expect((await other.ask(stage.url, '/logout', { method: 'POST' })).limpet).toMatchObject({
      'limpet-end': '1',
    });
  });

  it('[SD49] a save after the headers that is refused cuts the connection', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=0', first);
    const epoch = stage.store.rows.get(client.session)?.epoch ?? 0;
    stage.store.claim(client.session, { home: 'b', instance: 'other', epoch });
    const seen = await client.ask(stage.url, '/late?item=1', { method: 'POST', epoch });
    expect([seen.end, stage.storedItems(client.session)]).toEqual(['cut', ['0']]);
  });

  it('[SD49] too large a state is refused, and the one before is read next', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', first);
    const seen = await client.ask(stage.url, '/json?item=2&kb=200', { method: 'POST' });
    expect([seen.status, seen.limpet['limpet-refused']]).toEqual([503, 'too-large']);
    expect((await client.ask(stage.url, '/cart')).body).toBe('["1"]');
  });
});

it('[SD51] a request that did not come through Limpet uses the store of the application', async () => {
  const seen = await call(stage.url, '/json?item=direct', 'POST', {});
  const cookie = seen.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const next = await call(stage.url, '/cart', 'GET', { cookie });
  expect([next.body, next.limpet, stage.store.calls]).toEqual(['["direct"]', {}, []]);
});

it('[SD51] a forged signature is 403 before anything runs', async () => {
  const bare = await call(stage.url, '/json?item=1', 'POST', { 'limpet-session': stage.newClient().session });
  expect([bare.status, JSON.parse(bare.body).code]).toEqual([403, 'signature_invalid']);
});
