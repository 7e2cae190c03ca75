import { deserialize, serialize } from 'node:v8';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { until } from '../harness/until.ts';
import { call, createClient, HOME } from './fake-edge.ts';
import { type FakeStore, startFakeStore } from './fake-store.ts';
import { startStoreApp, type StoreApp } from './store-app.ts';

let fake: FakeStore;
let app: StoreApp;
let count = 0;

beforeAll(async () => void (fake = await startFakeStore(HOME)));
afterEach(() => app.close());
afterAll(() => fake.close());

const visitor = () => createClient(fake, `f${String((count += 1)).padStart(28, '0')}`);
const post = { method: 'POST' } as const;

it.each(['adopted', 'bare'] as const)('[SD62] Express: a handler finds the facts, %s store', async (kind) => {
  app = await startStoreApp(kind);
  const client = visitor();
  app.job = ({ limpet }) => limpet;
  const facts = JSON.parse((await client.ask(app.url, '/', { sent: { 'limpet-new': '1' } })).body);
  expect(facts).toMatchObject({ session: client.session, epoch: 0, origin: HOME, source: 'new' });
  expect((await call(app.url, '/', 'GET', {})).body).toBe('null');
});

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

it('[SD63] a session that cannot be written: 500, no word of the answer, and what was kept before stays', async () => {
  app = await startStoreApp('adopted');
  const client = visitor();
  app.job = (req) => void (req.session.foo = 'kept');
  await client.ask(app.url, '/', post);
  app.job = (req) => (Object.assign(req.session, { foo: 'lost', deep: nested(100) }), 'the answer');
  const seen = await client.ask(app.url, '/', post);
  expect([seen.status, JSON.parse(seen.body).code, seen.end]).toEqual([
    500,
    'state_not_encodable',
    'complete',
  ]);
  app.job = (req) => req.session.foo;
  expect((await client.ask(app.url, '/')).body).toBe('"kept"');
});

it('[SD63] after the headers the connection is cut; who saves again what can be written has saved', async () => {
  app = await startStoreApp('adopted');
  const client = visitor();
  app.job = async (req) => {
    req.session.foo = 'kept';
    req.res?.write('begun ');
    await new Promise((resolve) => req.session.save(resolve));
    Object.assign(req.session, { deep: nested(100) });
    req.res?.end('end');
    return new Promise(() => undefined);
  };
  expect((await client.ask(app.url, '/', post)).end).toBe('cut');
  app.job = async (req) => {
    Object.assign(req.session, { foo: 'mended', deep: nested(100) });
    const error = await new Promise((resolve) => req.session.save(resolve));
    Object.assign(req.session, { deep: undefined });
    return error instanceof TypeError;
  };
  const seen = await client.ask(app.url, '/', post);
  expect([seen.status, seen.body]).toEqual([200, 'true']);
  app.job = (req) => req.session.foo;
  expect((await client.ask(app.url, '/')).body).toBe('"mended"');
});

it.each(['adopted', 'bare'] as const)(
  '[SD59] with a codec a session keeps what JSON does not, %s store',
  async (kind) => {
    const codec = {
      encode: (value: unknown) => serialize(value),
      decode: (bytes: Uint8Array) => deserialize(bytes),
    };
    app = await startStoreApp(kind, { codec, cookie: { maxAge: 3_600_000 } });
    const client = visitor();
    app.job = (req) => void Object.assign(req.session, { seen: new Map([['rose', new Date(7)]]) });
    await client.ask(app.url, '/', post);
    await until('it is stored', () => (fake.rows.get(client.session)?.version ?? 0) > 0);
    await app.close();
    const before = fake.calls.length;
    app = await startStoreApp(kind, { codec, cookie: { maxAge: 3_600_000 } });
    app.job = (req) => [
      Reflect.get(req.session, 'seen').get('rose').getTime(),
      req.session.cookie.originalMaxAge,
    ];
    expect((await client.ask(app.url, '/')).body).toBe('[7,3600000]');
    expect(fake.calls.slice(before).filter((line) => line.startsWith('PUT'))).toEqual([]);
    await app.close();
    app = await startStoreApp(kind);
    const seen = await client.ask(app.url, '/');
    expect([seen.status, JSON.parse(seen.body).code]).toEqual([503, 'state_unreadable']);
  },
);
