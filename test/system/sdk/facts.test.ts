import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
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
