import { request } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { gate, lateSave, slowPipe, startCartApp } from './cart-app.ts';
import { setStage } from './stage.ts';

const stage = setStage(startCartApp);
const NEW = { method: 'POST', sent: { 'limpet-new': '1' } };

function openLater(): { until: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const until = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { until, open: () => open() };
}

describe('an answer that is held', () => {
  it('[SD35] slows the source down instead of buffering it, and goes out whole', async () => {
    const client = stage.newClient();
    const { until, open } = openLater();
    stage.store.behaviour = { kind: 'waits', until };
    const asked = client.ask(stage.url, '/slow-pipe?item=1&kb=20', NEW);
    await vi.waitFor(() => expect(stage.store.calls).toHaveLength(1));
    expect(slowPipe.readChunks).toBeLessThan(8);
    open();
    const seen = await asked;
    expect([seen.status, seen.end, seen.body.length]).toEqual([200, 'complete', 256 * 16_384]);
  });

  it('[SD35] a refused stream gives way to the refusal, whole', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=0', NEW);
    stage.store.claim(client.session, { home: 'b', instance: 'other', epoch: 0 });
    const seen = await client.ask(stage.url, '/slow-pipe?item=1&kb=20', { method: 'POST', epoch: 0 });
    expect([seen.status, seen.limpet['limpet-refused']]).toEqual([409, 'moved']);
    expect([seen.end, JSON.parse(seen.body).code]).toEqual(['complete', 'session_moved']);
  });

  it('[SD36] a second answer does not change the first', async () => {
    const seen = await stage.newClient().ask(stage.url, '/twice?item=1&kb=20', NEW);
    expect([seen.status, seen.body, seen.end]).toEqual([200, '"the first answer"', 'complete']);
  });

  it('[SD36] a client that goes away meanwhile costs nobody anything', async () => {
    const client = stage.newClient();
    const { until, open } = openLater();
    stage.store.behaviour = { kind: 'waits', until };
    const abort = new AbortController();
    const asked = client.ask(stage.url, '/json?item=1&kb=20', { ...NEW, signal: abort.signal });
    await vi.waitFor(() => expect(stage.store.calls).toHaveLength(1));
    abort.abort();
    await expect(asked).rejects.toThrow('aborted');
    open();
    await vi.waitFor(() => expect(stage.storedState(client.session)).not.toBe(''));
    expect((await client.ask(stage.url, '/cart')).status).toBe(200);
  });
});

describe('the application store', () => {
  it('[SD37] a callback from another context still works on the records of its request', async () => {
    const client = stage.newClient();
    const seen = await client.ask(stage.url, '/lost-context?item=1', NEW);
    expect(seen.limpet['limpet-state']).toBeDefined();
    expect((await client.ask(stage.url, '/cart')).body).toBe('["1"]');
  });

  it('[SD37] and so does the last word of express-session itself', async () => {
    const plain = await startCartApp({
      secret: 's',
      resave: false,
      saveUninitialized: false,
      unset: 'destroy',
    });
    const client = stage.newClient();
    await client.ask(plain.url, '/json?item=1', NEW);
    const seen = await client.ask(plain.url, '/lost-null', { method: 'POST' });
    expect(seen.limpet['limpet-end']).toBe('1');
    await plain.close();
  });

  it('[SD37] lists the records of this session only', async () => {
    const client = stage.newClient();
    await stage.newClient().ask(stage.url, '/json?item=1', NEW);
    await client.ask(stage.url, '/json?item=1', NEW);
    expect((await client.ask(stage.url, '/all')).body).toBe('1');
  });

  it('[SD38] a save after the headers tells the application what became of it', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/late-save?item=0', NEW);
    expect(lateSave.error).toBeNull();
    stage.store.claim(client.session, { home: 'b', instance: 'other', epoch: 0 });
    const seen = await client.ask(stage.url, '/late-save?item=1', { method: 'POST', epoch: 0 });
    expect(seen.end).toBe('cut');
    await vi.waitFor(() => expect(String(lateSave.error)).toContain('session_moved'));
  });
});

describe('the defaults of express-session: resave and saveUninitialized', () => {
  it('[SD12] a request that changes nothing asks nobody, and does not undo what another has written', async () => {
    const plain = await startCartApp({
      secret: 's',
      resave: true,
      saveUninitialized: true,
      cookie: { maxAge: 60_000 },
    });
    const client = stage.newClient();
    await client.ask(plain.url, '/json?item=1', NEW);
    const { until, open } = openLater();
    gate.opened = until;
    const reader = client.ask(plain.url, '/wait-only', { method: 'POST' });
    const written = await client.ask(plain.url, '/json?item=2', { method: 'POST' });
    expect(written.body).toBe('["1","2"]');
    open();
    expect((await reader).limpet).toEqual({});
    expect((await client.ask(plain.url, '/cart')).body).toBe('["1","2"]');
    await plain.close();
  });
});

describe('read-only', () => {
  const sent = (state: string) => ({
    'limpet-read-only': '7',
    'limpet-state': Buffer.from(state).toString('base64url'),
    'limpet-version': '3',
  });

  it('[SD10] is served from the state sent, keeps nothing, and refuses every change', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', NEW);
    const state = stage.storedState(client.session);
    const other = await startCartApp(undefined, { storeDeadlineMs: 50 });
    expect((await client.ask(other.url, '/cart', { sent: sent(state) })).body).toBe('["1"]');
    for (const way of ['json', 'write-first', 'logout', 'login']) {
      const seen = await client.ask(other.url, `/${way}?item=2`, { method: 'POST', sent: sent(state) });
      expect([way, seen.status, seen.limpet['limpet-refused']]).toEqual([way, 503, 'unreachable']);
    }
    const late = await client.ask(other.url, '/late?item=2', { method: 'POST', sent: sent(state) });
    expect(late.end).toBe('cut');
    expect(stage.store.calls).toEqual([]);
    await other.close();
  });

  it('[SD10] an empty session that saveUninitialized would store is no change', async () => {
    const plain = await startCartApp({ secret: 's', resave: true, saveUninitialized: true });
    const seen = await stage.newClient().ask(plain.url, '/cart', { sent: sent('') });
    expect([seen.status, seen.body]).toEqual([200, '[]']);
    await plain.close();
  });

  it('[SD14] a state that another SDK wrote is not overwritten', async () => {
    const seen = await stage.newClient().ask(stage.url, '/cart', { sent: sent('{"v":1,"value":1}') });
    expect([seen.status, JSON.parse(seen.body).code]).toEqual([503, 'state_unreadable']);
  });
});

describe('release', () => {
  const RELEASE = { 'limpet-release': '1' };

  it('[SD39] what is not surely stored is put, and the copy is dropped', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', NEW);
    const seen = await client.ask(stage.url, '/cart', { sent: RELEASE });
    expect(seen.limpet).toMatchObject({ 'limpet-released': '1', 'limpet-instance': expect.any(String) });
    expect(stage.store.calls).toEqual([`PUT /${client.session}`]);
    await client.ask(stage.url, '/cart');
    expect(stage.store.calls).toHaveLength(2);
  });

  it('[SD39] a change is put too, however small', async () => {
    const client = stage.newClient();
    const seen = await client.ask(stage.url, '/json?item=1', {
      method: 'POST',
      sent: { ...RELEASE, ...NEW.sent },
    });
    expect(seen.limpet).toMatchObject({ 'limpet-released': '1', 'limpet-version': '1' });
    expect(seen.limpet['limpet-state']).toBeUndefined();
  });

  it('[SD39] nothing is released while another request of the session is here', async () => {
    const client = stage.newClient();
    await client.ask(stage.url, '/json?item=1', NEW);
    const { until, open } = openLater();
    gate.opened = until;
    const waiting = client.ask(stage.url, '/wait?item=2', { method: 'POST' });
    await vi.waitFor(() => expect(gate.waiting).toBe(1));
    expect((await client.ask(stage.url, '/cart', { sent: RELEASE })).limpet).toEqual({});
    expect(stage.store.calls).toEqual([]);
    open();
    await waiting;
    expect((await client.ask(stage.url, '/cart', { sent: RELEASE })).limpet['limpet-released']).toBe('1');
  });
});

it('[SD39] nothing is released when another request came while the state was put', async () => {
  const client = stage.newClient();
  await client.ask(stage.url, '/json?item=1', NEW);
  const [put, answer] = [openLater(), openLater()];
  stage.store.behaviour = { kind: 'waits', until: put.until };
  gate.opened = answer.until;
  const released = client.ask(stage.url, '/cart', { sent: { 'limpet-release': '1' } });
  await vi.waitFor(() => expect(stage.store.calls).toHaveLength(1));
  const waiting = client.ask(stage.url, '/wait-only', { method: 'POST' });
  await vi.waitFor(() => expect(gate.waiting).toBe(1));
  put.open();
  expect((await released).limpet['limpet-released']).toBeUndefined();
  answer.open();
  await waiting;
});

it('[SD25] events leave one by one', async () => {
  const client = stage.newClient();
  const { until, open } = openLater();
  gate.opened = until;
  const chunks: string[] = [];
  const headers = client.headersFor('/trickle', { sent: { 'limpet-new': '1' } });
  const ended = new Promise<void>((resolve, reject) => {
    const sent = request(`${stage.url}/trickle`, { headers, agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
      response.on('end', resolve);
    });
    sent.on('error', reject);
    sent.end();
  });
  await vi.waitFor(() => expect(chunks).toEqual(['data: 1\n\n']));
  open();
  await ended;
  expect(chunks).toEqual(['data: 1\n\n', 'data: 2\n\n']);
});
