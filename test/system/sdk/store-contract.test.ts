import { promisify } from 'node:util';
import type { Request } from 'express';
import session, { type SessionData } from 'express-session';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/until.ts';
import { createClient, type Seen } from './fake-edge.ts';
import { type FakeStore, startFakeStore } from './fake-store.ts';
import { type Job, type Settings, startStoreApp, STORES, type StoreApp } from './store-app.ts';

declare module 'express-session' {
  interface SessionData {
    foo: string;
  }
}

const HOUR_MS = 3_600_000;
let fake: FakeStore;
let app: StoreApp | undefined;
let count = 0;

beforeAll(async () => void (fake = await startFakeStore('a')));
afterEach(() => app?.close());
afterAll(() => fake.close());

const dataOf = (data: object, maxAgeMs?: number): SessionData => {
  const cookie = new session.Cookie();
  if (maxAgeMs !== undefined) cookie.maxAge = maxAgeMs;
  return Object.assign({ cookie } as SessionData, data);
};

/** The calls of the request's store, as promises. */
function callsOf({ sessionStore: store }: Request) {
  const must = <Call>(call: Call | undefined): Call => {
    if (call === undefined) throw new TypeError('The store lacks a call');
    return call;
  };
  return {
    get: promisify((sid: string, done: (error: unknown, found?: SessionData | null) => void) =>
      store.get(sid, done),
    ),
    set: promisify((sid: string, data: SessionData, done: (error?: unknown) => void) =>
      store.set(sid, data, done),
    ),
    touch: promisify((sid: string, data: SessionData, done: () => void) =>
      must(store.touch).call(store, sid, data, done),
    ),
    destroy: promisify((sid: string, done: (error?: unknown) => void) => store.destroy(sid, done)),
    all: promisify((done: (error: unknown, found?: unknown) => void) => must(store.all).call(store, done)),
    length: promisify((done: (error: unknown, found?: number) => void) =>
      must(store.length).call(store, done),
    ),
    clear: promisify((done: (error?: unknown) => void) => must(store.clear).call(store, done)),
    load: promisify((sid: string, done: (error: unknown, found?: SessionData) => void) =>
      store.load(sid, done),
    ),
  };
}

describe.each(STORES)('%s store', (kind) => {
  /** A visitor of an application of its own. */
  async function visitor(settings: Settings = {}): Promise<(job: Job) => Promise<Seen>> {
    const started = await startStoreApp(kind, settings);
    app = started;
    const client = createClient(fake, `c${String((count += 1)).padStart(28, '0')}`);
    return (job) => {
      started.job = job;
      return client.ask(started.url, '/', { method: 'POST' });
    };
  }

  /** What a job finds, within one request. */
  async function within(job: Job): Promise<unknown> {
    const seen = await (await visitor())(job);
    expect([seen.status, seen.body]).toEqual([200, seen.body]);
    return JSON.parse(seen.body);
  }

  it('[SD56] what was set is read, as an object of its own each time; what was not is nothing', async () => {
    const found = await within(async (req) => {
      const { get, set } = callsOf(req);
      await set('123', dataOf({ foo: 'bar' }));
      const first = await get('123');
      Object.assign(first ?? {}, { foo: 'changed' });
      return [await get('123'), (await get('none')) ?? null];
    });
    expect(found).toEqual([expect.objectContaining({ foo: 'bar' }), null]);
  });

  it('[SD56] no callback comes before its call has returned, and none need be given', async () => {
    const found = await within((req) => {
      const { sessionStore: store } = req;
      let returned = 'no';
      const told = new Promise((resolve) => store.set('123', dataOf({}), () => resolve(returned)));
      returned = 'yes';
      store.set('456', dataOf({}));
      store.touch?.('456', dataOf({}));
      store.destroy('456');
      return told;
    });
    expect(found).toBe('yes');
  });

  it('[SD56] a record whose cookie has expired is not there, in no list', async () => {
    const found = await within(async (req) => {
      const { all, get, length, set } = callsOf(req);
      await set('789', dataOf({}, HOUR_MS));
      const before = await length();
      await set('789', dataOf({}, -HOUR_MS));
      return [before, (await get('789')) ?? null, Object.keys((await all()) as object), await length()];
    });
    expect(found).toEqual([1, null, [], 0]);
  });

  it('[SD56] touch takes the cookie and nothing else, and makes no record', async () => {
    const found = await within(async (req) => {
      const { get, set, touch, length } = callsOf(req);
      await set('456', dataOf({ foo: 'bar' }, HOUR_MS));
      await touch('456', dataOf({ foo: 'other' }, 2 * HOUR_MS));
      await touch('none', dataOf({}, HOUR_MS));
      const read = await get('456');
      return [
        read?.foo,
        new Date(read?.cookie.expires ?? 0).getTime() > Date.now() + HOUR_MS,
        await length(),
      ];
    });
    expect(found).toEqual(['bar', true, 1]);
  });

  it('[SD56] length, all, destroy and clear count and empty, also of a thousand', async () => {
    const found = await within(async (req) => {
      const { all, clear, destroy, length, set } = callsOf(req);
      await set('123', dataOf({ foo: 'bar' }));
      await set('456', dataOf({}));
      const two = [await length(), Object.keys((await all()) as object).sort()];
      await destroy('456');
      await destroy('none');
      const one = await length();
      await clear();
      for (let sid = 0; sid < 1000; sid += 1) req.sessionStore.set(`s${sid}`, dataOf({}, HOUR_MS));
      const bulk = await length();
      await clear();
      return [...two, one, bulk, await length()];
    });
    expect(found).toEqual([2, ['123', '456'], 1, 1000, 0]);
  });

  it('[SD56] load makes a session of a record, with a cookie whose expiry is a date and whose age is what it was', async () => {
    const found = await within(async (req) => {
      const { load, set } = callsOf(req);
      await set('123', dataOf({ foo: 'bar' }, HOUR_MS));
      const loaded = await load('123');
      return [
        loaded?.foo,
        loaded?.cookie.expires instanceof Date,
        loaded?.cookie.originalMaxAge,
        (await load('none')) ?? null,
      ];
    });
    expect(found).toEqual(['bar', true, HOUR_MS, null]);
  });

  it('[SD57] a session goes from request to request, and only where it changed', async () => {
    const ask = await visitor();
    expect((await ask(() => undefined)).headers['set-cookie']).toBeUndefined();
    const first = await ask((req) => void (req.session.foo = 'bar'));
    expect(first.headers['set-cookie']).toHaveLength(1);
    const second = await ask((req) => req.session.foo);
    expect([second.body, second.headers['set-cookie']]).toEqual(['"bar"', undefined]);
  });

  it('[SD57] regenerate gives another id without the data, and the old one is gone', async () => {
    const ask = await visitor();
    await ask((req) => void (req.session.foo = 'bar'));
    const seen = await ask(async (req) => {
      const old = req.session.id;
      await promisify((done: (error?: unknown) => void) => req.session.regenerate(done))();
      const found = [req.session.id === old, req.session.foo ?? null, (await callsOf(req).get(old)) ?? null];
      req.session.foo = 'new';
      return found;
    });
    expect(JSON.parse(seen.body)).toEqual([false, null, null]);
    expect((await ask((req) => req.session.foo)).body).toBe('"new"');
  });

  it('[SD57] reload reads what was kept, and fails where nothing is', async () => {
    const ask = await visitor();
    await ask((req) => void (req.session.foo = 'bar'));
    const seen = await ask(async (req) => {
      const reload = promisify((done: (error?: unknown) => void) => req.session.reload(done));
      req.session.foo = 'not kept';
      await reload();
      const kept = req.session.foo;
      await callsOf(req).destroy(req.sessionID);
      return [kept, await reload().then(String, ({ message }: Error) => message)];
    });
    expect(JSON.parse(seen.body)).toEqual(['bar', 'failed to load session']);
  });

  it.each<[string, Settings, Job]>([
    ['destroy', {}, (req) => promisify((done: (error?: unknown) => void) => req.session.destroy(done))()],
    ["unset: 'destroy'", { unset: 'destroy' }, (req) => void Reflect.set(req, 'session', null)],
  ])('[SD57] %s ends the session: the same cookie brings nothing back', async (_name, settings, leave) => {
    const ask = await visitor(settings);
    await ask((req) => void (req.session.foo = 'bar'));
    expect((await ask(leave)).status).toBe(200);
    const after = await ask((req) => req.session.foo);
    expect(after.body).not.toContain('bar');
  });

  it('[SD57] a rolling session is touched, and a saved one that did not change stays as it is', async () => {
    const ask = await visitor({ rolling: true, resave: true, cookie: { maxAge: HOUR_MS } });
    const before = fake.calls.length;
    await ask((req) => void (req.session.foo = 'bar'));
    const seen = await ask((req) => req.session.foo);
    expect([seen.body, seen.headers['set-cookie']?.length]).toEqual(['"bar"', 1]);
    const puts = (): string[] => fake.calls.slice(before).filter((call) => call.startsWith('PUT'));
    if (kind === 'bare') await until('the first request is stored', () => puts().length > 0);
    expect(puts()).toHaveLength(kind === 'bare' ? 1 : 0);
  });

  it('[SD57] a save of what JSON cannot write is an error to who saves', async () => {
    const seen = await (await visitor())(async (req) => {
      const loop: Record<string, unknown> = {};
      loop['loop'] = loop;
      const saving: Promise<unknown> = callsOf(req).set('123', dataOf(loop));
      return saving.then(String, ({ name }: Error) => name);
    });
    // An answer of the adopted store must not leave as if it were kept.
    expect(seen.body).toContain(kind === 'adopted' ? 'state_not_encodable' : 'TypeError');
  });
});
