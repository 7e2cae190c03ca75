import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { LimpetStore } from '../../../sdk/express-store.ts';
import { until } from '../harness/until.ts';
import { call, createClient, HOME, KEY } from './fake-edge.ts';
import { type FakeStore, startFakeStore } from './fake-store.ts';
import { startStoreApp, type StoreApp } from './store-app.ts';

let fake: FakeStore;
let apps: StoreApp[] = [];
let count = 0;

beforeAll(async () => void (fake = await startFakeStore(HOME)));
afterEach(async () => {
  fake.behaviour = { kind: 'well' };
  for (const app of apps) await app.close();
  apps = [];
});
afterAll(() => fake.close());

async function start(settings: Partial<session.SessionOptions> = {}): Promise<StoreApp> {
  const app = await startStoreApp('bare', settings);
  apps.push(app);
  return app;
}

const visitor = () => createClient(fake, `b${String((count += 1)).padStart(28, '0')}`);
const post = { method: 'POST' } as const;
const stored = (id: string) => fake.rows.get(id)?.state.toString() ?? '';

it('[BS1] it says what it promises: as a property, and once to the operator', () => {
  const problems: string[] = [];
  const onProblem = ({ code }: { code: string }) => void problems.push(code);
  const store = new LimpetStore({ origin: HOME, key: KEY, onProblem });
  expect([store.durability, problems]).toEqual(['async', ['store_async']]);
});

it('[BS2] an answer does not wait for the store, and its session is stored all the same', async () => {
  const [app, client] = [await start(), visitor()];
  let open: (value?: unknown) => void = () => undefined;
  await client.ask(app.url, '/');
  fake.behaviour = { kind: 'waits', until: new Promise((resolve) => (open = resolve)) };
  app.job = (req) => void (req.session.foo = 'bar');
  expect((await client.ask(app.url, '/', post)).status).toBe(200);
  expect(stored(client.session)).toBe('');
  open();
  await until('it is stored', () => stored(client.session).includes('bar'));
  const other = await start();
  other.job = (req) => req.session.foo;
  expect((await client.ask(other.url, '/')).body).toBe('"bar"');
});

it('[BS2] what is changed while a put is under way goes with the next one, together', async () => {
  const [app, client] = [await start(), visitor()];
  const before = fake.calls.length;
  app.job = (req) => {
    for (let sid = 0; sid < 100; sid += 1)
      req.sessionStore.set(
        `s${sid}`,
        Object.assign({ cookie: new session.Cookie() } as session.SessionData, { foo: `bar ${sid}` }),
      );
  };
  await client.ask(app.url, '/', post);
  await until('all of it is stored', () => stored(client.session).includes('bar 99'));
  const puts = fake.calls.slice(before).filter((line) => line.startsWith('PUT'));
  expect(puts.length).toBeLessThanOrEqual(4);
});

it('[BS3] a change that is refused is told to the operator; the stored state is what is read next', async () => {
  const [app, client] = [await start(), visitor()];
  app.job = (req) => void (req.session.foo = 'kept');
  await client.ask(app.url, '/', post);
  await until('it is stored', () => stored(client.session).includes('kept'));
  const { epoch } = fake.rows.get(client.session) ?? { epoch: 0 };
  fake.claim(client.session, { home: HOME, instance: 'another', epoch });
  app.job = (req) => void (req.session.foo = 'lost');
  expect((await client.ask(app.url, '/', { ...post, epoch })).status).toBe(200);
  await until('the operator is told', () => app.problems.includes('change_lost'));
  app.job = (req) => req.session.foo;
  expect((await client.ask(app.url, '/')).body).toBe('"kept"');
});

it('[BS4] without its middleware it keeps nothing, and says what is missing', async () => {
  const app = express();
  const store = new LimpetStore({ origin: HOME, key: KEY, onProblem: () => undefined });
  app.use(session({ secret: 's', resave: false, saveUninitialized: false, store }));
  app.use((req, res) => {
    req.session.foo = 'bar';
    req.session.save((error: Error | undefined) => void res.json(error?.message));
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const seen = await call(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '/', 'GET', {});
  server.close();
  expect(seen.body).toContain('app.use(store.middleware) must come before session()');
});

it('[BS5] a request that came past Limpet has a session in memory, a forged one 403', async () => {
  const app = await start();
  app.job = (req) => void (req.session.foo = 'bar');
  const first = await call(app.url, '/', 'POST', {});
  app.job = (req) => req.session.foo;
  const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  expect((await call(app.url, '/', 'GET', { cookie })).body).toBe('"bar"');
  const forged = { ...visitor().headersFor('/'), 'limpet-epoch': '7' };
  expect((await call(app.url, '/', 'GET', forged)).status).toBe(403);
});

it('[BS6] a login changes the id of the application and keeps the session; a logout ends it', async () => {
  const [app, client] = [await start(), visitor()];
  app.job = (req) => void (req.session.foo = 'guest');
  await client.ask(app.url, '/', post);
  app.job = (req) =>
    new Promise<void>((resolve, reject) =>
      req.session.regenerate((error: unknown) => {
        if (error) return reject(error);
        req.session.foo = 'user';
        resolve();
      }),
    );
  expect((await client.ask(app.url, '/', post)).status).toBe(200);
  await until('the login is stored', () => stored(client.session).includes('user'));
  expect(stored(client.session)).not.toContain('guest');
  app.job = (req) => void req.session.destroy(() => undefined);
  await client.ask(app.url, '/', post);
  await until('it is ended', () => fake.rows.get(client.session)?.life === 'ended');
  app.job = (req) => req.session?.foo;
  expect((await client.ask(app.url, '/')).limpet['limpet-need']).toBe('session');
});

it('[BS7] a touch asks no store', async () => {
  const [app, client] = [await start({ rolling: true, cookie: { maxAge: 3_600_000 } }), visitor()];
  app.job = (req) => void (req.session.foo = 'bar');
  await client.ask(app.url, '/', post);
  await until('it is stored', () => stored(client.session).includes('bar'));
  const before = fake.calls.length;
  app.job = (req) => req.session.foo;
  for (let request = 0; request < 5; request += 1) await client.ask(app.url, '/');
  expect(fake.calls.length).toBe(before);
});
