import { describe, expect, it } from 'vitest';
import { startCartApp } from './cart-app.ts';
import { call } from './fake-edge.ts';
import { setStage } from './stage.ts';

const stage = setStage(startCartApp);

const WAYS = [
  'json',
  'end',
  'redirect',
  'write-head',
  'write-first',
  'pipe',
  'file',
  'events',
  'no-content',
  'raw-204',
  'error',
  'save',
  'login',
];

describe('the calls of a store', () => {
  const filled = async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', { method: 'POST', sent: { 'limpet-new': '1' } });
    return client;
  };

  it('[SD52] all and length see this session’s records, and no other’s', async () => {
    await filled();
    const client = await filled();
    expect((await client.ask(stage.url, '/store/length')).body).toBe('1');
    const [record] = Object.values(JSON.parse((await client.ask(stage.url, '/store/all')).body));
    expect(record).toMatchObject({ items: ['1'] });
  });

  it('[SD52] clear leaves no record, and no other session’s is touched', async () => {
    const [client, other] = [await filled(), await filled()];
    await client.ask(stage.url, '/store/clear', { method: 'POST' });
    expect(stage.storedItems(client.session)).toEqual([]);
    expect((await other.ask(stage.url, '/cart')).body).toBe('["1"]');
  });

  it('[SD52] reload reads what was kept, and what was changed before is forgotten', async () => {
    const client = await filled();
    expect((await client.ask(stage.url, '/reload?item=2', { method: 'POST' })).body).toBe('["1"]');
    expect((await client.ask(stage.url, '/cart')).body).toBe('["1"]');
  });

  it('[SD52] touch keeps the record, and asks no store', async () => {
    const client = await filled();
    const seen = await client.ask(stage.url, '/touch', { method: 'POST' });
    expect([JSON.parse(seen.body).items, seen.limpet]).toEqual([['1'], {}]);
    expect(stage.store.calls).toEqual([]);
  });
});

describe('an answer whose session changed', () => {
  for (const way of WAYS) {
    for (const size of ['small', 'large']) {
      it(`[SD20] ${way}, ${size}: the state is kept before the answer is seen`, async () => {
        const client = stage.newClient();
        const seen = await client.ask(stage.url, `/${way}?item=1${size === 'large' ? '&kb=20' : ''}`, {
          method: 'POST',
          sent: { 'limpet-new': '1' },
        });
        expect(seen.end).toBe('complete');
        expect(stage.storedItems(client.session)).toEqual(['1']);
        expect(stage.store.calls.filter((line) => line.startsWith('PUT'))).toHaveLength(
          size === 'large' ? 1 : 0,
        );
        expect(seen.headers['set-cookie']).toHaveLength(1);
        const cart = await client.ask(stage.url, '/cart');
        expect(cart.body).toBe('["1"]');
        expect(cart.limpet).toEqual({});
      });

      it(`[SD21] ${way}, ${size}: nobody sees success when the store says that the session moved`, async () => {
        const client = stage.newClient();
        await client.ask(stage.url, '/json?item=0', { method: 'POST', sent: { 'limpet-new': '1' } });
        const epoch = stage.store.rows.get(client.session)?.epoch ?? 0;
        stage.store.claim(client.session, { home: 'b', instance: 'other', epoch });
        const seen = await client.ask(stage.url, `/${way}?item=1${size === 'large' ? '&kb=20' : ''}`, {
          method: 'POST',
          epoch,
        });
        expect(seen.status).toBe(409);
        expect(stage.storedItems(client.session)).toEqual(['0']);
        // A small state is refused by the edge itself, a large one by the origin.
        expect(seen.limpet['limpet-refused']).toBe(size === 'large' ? 'moved' : undefined);
        expect(seen.body).toContain('session_moved');
        expect([seen.headers['set-cookie'], seen.headers['x-made']]).toEqual([undefined, undefined]);
      });
    }
  }
});

it('[SD22] a store that fails after 800 ms: 503, and no word of the answer', async () => {
  const client = stage.newClient();
  await client.ask(stage.url, '/json?item=0', { method: 'POST', sent: { 'limpet-new': '1' } });
  stage.store.behaviour = { kind: 'fails', afterMs: 800 };
  const seen = await client.ask(stage.url, '/json?item=1&kb=20', { method: 'POST' });
  expect(seen.status).toBe(503);
  expect(seen.limpet['limpet-refused']).toBe('unreachable');
  expect(JSON.parse(seen.body).code).toBe('store_unreachable');
  expect(stage.storedItems(client.session)).toEqual(['0']);
});

for (const way of ['late', 'late-length', 'late-forgotten']) {
  it(`[SD23] ${way}: a change after the headers is stored before the end`, async () => {
    const client = stage.newClient();
    const seen = await client.ask(stage.url, `/${way}?item=1`, {
      method: 'POST',
      sent: { 'limpet-new': '1' },
    });
    expect([seen.status, seen.end]).toEqual([200, 'complete']);
    expect(stage.storedItems(client.session)).toEqual(['1']);
  });

  it(`[SD23] ${way}: when it is refused, the client sees a cut answer`, async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=0', { method: 'POST', sent: { 'limpet-new': '1' } });
    const epoch = stage.store.rows.get(client.session)?.epoch ?? 0;
    stage.store.claim(client.session, { home: 'b', instance: 'other', epoch });
    const seen = await client.ask(stage.url, `/${way}?item=1`, { method: 'POST', epoch });
    expect(seen.end).toBe('cut');
    expect(stage.storedItems(client.session)).toEqual(['0']);
  });
}

it('[SD24] a plain answer carries nothing of Limpet and asks no store', async () => {
  const client = stage.newClient();
  const seen = await client.ask(stage.url, '/raw', { sent: { 'limpet-new': '1' } });
  expect([seen.status, seen.body, seen.limpet]).toEqual([200, 'raw', {}]);
  expect(seen.headers['content-length']).toBe('3');
  expect(stage.store.calls).toEqual([]);
});

it('[SD25] HEAD has its state in the headers, too', async () => {
  const client = stage.newClient();
  const seen = await client.ask(stage.url, '/head?item=1', { method: 'HEAD', sent: { 'limpet-new': '1' } });
  expect([seen.status, seen.body]).toEqual([200, '']);
  expect(stage.storedItems(client.session)).toEqual(['1']);
});

it('[SD25] HEAD whose late change is refused is no success', async () => {
  const client = stage.newClient();
  const late = await client.ask(stage.url, '/head-late?item=1', {
    method: 'HEAD',
    sent: { 'limpet-new': '1' },
  });
  expect([late.status, stage.storedItems(client.session)]).toEqual([200, ['1']]);
  stage.store.claim(client.session, { home: 'b', instance: 'other', epoch: 0 });
  const seen = await client.ask(stage.url, '/head-late?item=2', { method: 'HEAD', epoch: 0 });
  expect([seen.status, seen.limpet['limpet-refused']]).toEqual([409, 'moved']);
});

for (const way of ['json', 'no-content', 'write-head', 'raw-204', 'raw-head']) {
  it(`[SD25] ${way} by HEAD: what HTTP says, and the state`, async () => {
    const client = stage.newClient();
    const seen = await client.ask(stage.url, `/${way}?item=1`, {
      method: 'HEAD',
      sent: { 'limpet-new': '1' },
    });
    expect([seen.body, seen.end, stage.storedItems(client.session)]).toEqual(['', 'complete', ['1']]);
  });
}

it('[SD26] too large a state is refused, and what was stored stays what is read', async () => {
  const client = stage.newClient();
  await client.ask(stage.url, '/json?item=0', { method: 'POST', sent: { 'limpet-new': '1' } });
  const seen = await client.ask(stage.url, '/json?item=1&kb=200', { method: 'POST' });
  expect([seen.status, seen.limpet['limpet-refused']]).toEqual([503, 'too-large']);
  expect((await client.ask(stage.url, '/cart')).body).toBe('["0"]');
});

it('[SD27] logout ends the session, and this instance never serves it again', async () => {
  const client = stage.newClient();
  await client.ask(stage.url, '/json?item=1', { method: 'POST', sent: { 'limpet-new': '1' } });
  const seen = await client.ask(stage.url, '/logout', { method: 'POST' });
  expect(seen.limpet).toMatchObject({ 'limpet-end': '1' });
  const after = await client.ask(stage.url, '/cart');
  expect([after.status, after.limpet['limpet-need']]).toEqual([409, 'session']);
});

it('[SD28] login gives the session a new id with the same answer', async () => {
  const client = stage.newClient();
  await client.ask(stage.url, '/json?item=1', { method: 'POST', sent: { 'limpet-new': '1' } });
  const seen = await client.ask(stage.url, '/login?item=2', { method: 'POST' });
  expect(seen.limpet).toMatchObject({ 'limpet-rotate': '1', 'limpet-version': expect.any(String) });
  expect(stage.storedItems(client.session)).toEqual(['2']);
  // Where the rotation does not come to pass (this edge knows none), the old id has lost nothing.
  expect((await client.ask(stage.url, '/cart')).body).toBe('["2"]');
});

it('[SD29] a forged signature, a foreign one and an old one are refused with 403', async () => {
  const client = stage.newClient();
  await client.ask(stage.url, '/raw', { sent: { 'limpet-new': '1' }, bucket: 29_900_010 });
  const old = await client.ask(stage.url, '/raw', { sent: { 'limpet-new': '1' }, bucket: 29_900_007 });
  expect([old.status, JSON.parse(old.body).code]).toEqual([403, 'signature_invalid']);
  const fresh = await client.ask(stage.url, '/raw', { sent: { 'limpet-new': '1' }, bucket: 29_900_008 });
  expect(fresh.status).toBe(200);
  const bare = await call(stage.url, '/raw', 'GET', { 'limpet-session': client.session });
  expect(bare.status).toBe(403);
});

it('[SD30] a request that did not come through Limpet uses the application store', async () => {
  const first = await call(stage.url, '/json?item=direct', 'POST', {});
  const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const second = await call(stage.url, '/cart', 'GET', { cookie });
  expect([second.body, second.limpet, stage.store.calls]).toEqual(['["direct"]', {}, []]);
});

describe('restart and overlap', () => {
  it('[SD31] a new instance claims, serves the state, and says so', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', {
      method: 'POST',
      sent: { 'limpet-new': '1' },
      bucket: 29_900_020,
    });
    const next = await startCartApp();
    const seen = await client.ask(next.url, '/cart');
    expect([seen.body, seen.limpet['limpet-epoch']]).toEqual(['["1"]', '1']);
    expect((await client.ask(next.url, '/cart')).limpet).toEqual({});
    await next.close();
  });

  for (const kb of [0, 20]) {
    it(`[SD32] the old instance of an origin can write nothing once the new one has claimed (${kb} KiB)`, async () => {
      const old = await startCartApp();
      const next = await startCartApp();
      const client = stage.newClient();
      await client.ask(old.url, '/json?item=1', { method: 'POST', sent: { 'limpet-new': '1' } });
      await client.ask(next.url, '/json?item=2', { method: 'POST' });
      const stale = await client.ask(old.url, `/json?item=3${kb > 0 ? `&kb=${kb}` : ''}`, {
        method: 'POST',
        epoch: 0,
      });
      expect(stale.status).toBe(409);
      const back = await client.ask(old.url, '/cart');
      expect(back.body).toBe('["1","2"]');
      await Promise.all([old.close(), next.close()]);
    });
  }

  it('[SD33] parallel requests without a copy share one claim', async () => {
    const client = stage.newClient();
    const fresh = await startCartApp();
    const seen = await Promise.all(Array.from({ length: 8 }, () => client.ask(fresh.url, '/cart')));
    expect(seen.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(stage.store.calls.filter((line) => line.startsWith('POST'))).toHaveLength(1);
    await fresh.close();
  });

  it('[SD34] no store and no copy: the edge is asked for the state, and the application does not run', async () => {
    const client = stage.newClient();
    const fresh = await startCartApp(undefined, { storeDeadlineMs: 50 });
    stage.store.behaviour = { kind: 'fails', afterMs: 0 };
    const seen = await client.ask(fresh.url, '/json?item=1', { method: 'POST' });
    expect([seen.status, seen.limpet['limpet-need']]).toEqual([409, 'state']);
    const sent = { 'limpet-state': '', 'limpet-version': '0' };
    expect((await client.ask(fresh.url, '/cart', { sent })).body).toBe('[]');
    await fresh.close();
  });
});
