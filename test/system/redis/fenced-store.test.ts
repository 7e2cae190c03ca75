import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { fencedRedis } from 'limpet/redis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { program } from '../../programs.ts';
import { KEY, sentRequest } from '../../rules/sdk/sent-request.ts';
import { type RedisServer, startRedis } from '../harness/redis/server.ts';
import { until } from '../harness/until.ts';

const redisServer = program('redis-server');
const other = 'xx00007Zq3vYk0hT5mR8wLcN1xQ4q';

declare module 'express-session' {
  interface SessionData {
    words: string[];
  }
}

/** One origin's application: it says a word into its session, now or when it is told to. */
function application(origin: string, client: Awaited<ReturnType<typeof connected>>) {
  const redis = fencedRedis({ client, session, origin, key: KEY });
  const settings = { secret: 's', resave: false, saveUninitialized: false };
  const waiting: (() => void)[] = [];
  const app = express();
  app.use(redis.middleware(session({ ...settings, store: redis.store })));
  const say = (request: express.Request) => {
    request.session.words = [...(request.session.words ?? []), String(request.query['word'])];
  };
  app.all('/words', (request, response) => void response.json(request.session.words ?? []));
  app.all('/say', (request, response) => {
    say(request);
    response.json(request.session.words);
  });
  app.all('/say/parked', (request, response) => {
    waiting.push(() => {
      say(request);
      response.json(request.session.words);
    });
  });
  app.all('/say/begun', (request, response) => {
    response.write('begun ');
    waiting.push(() => {
      say(request);
      response.end('and done');
    });
  });
  app.all('/say/saved', (request, response) => {
    waiting.push(() => {
      say(request);
      request.session.save((error) => response.json(error ? String(error.message) : 'saved'));
    });
  });
  app.all('/logout', (request, response) => void request.session.destroy(() => response.json('out')));
  return { app, store: redis.store, waiting };
}

async function connected(url: string) {
  const client = createClient({ url, disableOfflineQueue: true });
  client.on('error', () => undefined);
  return client.connect();
}

describe.skipIf(redisServer === undefined)('limpet/redis', () => {
  let redis: RedisServer;
  let client: Awaited<ReturnType<typeof connected>>;
  let apps: Record<'a' | 'b', ReturnType<typeof application>>;
  let servers: Record<'a' | 'b', Server>;
  let cookie = '';

  beforeAll(async () => {
    redis = await startRedis(redisServer ?? '');
    client = await connected(redis.url);
  });
  afterAll(async () => {
    client?.destroy();
    await redis?.end();
  });

  beforeEach(async () => {
    await redis.ask('FLUSHALL');
    apps = { a: application('a', client), b: application('b', client) };
    servers = { a: createServer(apps.a.app), b: createServer(apps.b.app) };
    for (const server of Object.values(servers)) await once(server.listen(0, '127.0.0.1'), 'listening');
    cookie = '';
    const first = await ask('a', 0, '/say?word=first');
    cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  });
  afterEach(() => {
    for (const server of Object.values(servers)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const portOf = (at: 'a' | 'b') => (servers[at].address() as AddressInfo).port;

  /** As the edge sends it, by its session's epoch. */
  function ask(
    at: 'a' | 'b',
    epoch: number,
    target: string,
    parts: { method?: string; session?: string } = {},
  ) {
    const { headers } = sentRequest({ epoch, target, method: 'POST', ...parts });
    const sent = { ...headers, ...(cookie === '' ? {} : { cookie }) };
    return fetch(`http://127.0.0.1:${portOf(at)}${target}`, {
      method: parts.method ?? 'POST',
      headers: sent,
    });
  }
  const direct = (at: 'a' | 'b', target: string) =>
    fetch(`http://127.0.0.1:${portOf(at)}${target}`, { headers: { cookie } });
  const words = async (answer: Response) => (await answer.json()) as string[];

  /** Reads the session at home, lets the rest happen elsewhere, and goes on at home. */
  async function stale(target: string, meanwhile: () => Promise<unknown>): Promise<Response> {
    const parked = ask('a', 0, target);
    await until('it waits', () => apps.a.waiting.length > 0);
    await meanwhile();
    for (const goOn of apps.a.waiting.splice(0)) goOn();
    return parked;
  }

  it('[RD12] a save behind a newer epoch is refused, and the answer says so instead of the application’s', async () => {
    const answer = await stale('/say/parked?word=stale', () => ask('b', 1, '/say?word=new'));
    expect([answer.status, answer.headers.get('limpet-refused')]).toEqual([409, 'moved']);
    expect(answer.headers.get('limpet-instance')).toMatch(/^[\w-]{16,}$/);
    expect(await answer.json()).toMatchObject({ code: 'session_moved' });
    expect(await words(await ask('b', 1, '/words'))).toEqual(['first', 'new']);
  });

  it('[RD12] so it is when the session was only read there', async () => {
    const answer = await stale('/say/parked?word=stale', () => ask('b', 1, '/words'));
    expect(answer.status).toBe(409);
    expect(await words(await ask('b', 1, '/words'))).toEqual(['first']);
  });

  it('[RD12] who saves by hand is told, and so is the client', async () => {
    const answer = await stale('/say/saved?word=stale', () => ask('b', 1, '/words'));
    expect([answer.status, answer.headers.get('limpet-refused')]).toEqual([409, 'moved']);
  });

  it('[RD12] an answer that has begun is cut', async () => {
    const answer = await stale('/say/begun?word=stale', () => ask('b', 1, '/words'));
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
    expect(await words(await ask('b', 1, '/words'))).toEqual(['first']);
  });

  it('[RD13] a request under an older epoch is not served: the edge must look again', async () => {
    await ask('b', 1, '/words');
    const answer = await ask('a', 0, '/say?word=stale');
    expect([answer.status, answer.headers.get('limpet-need')]).toEqual([409, 'row']);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('[RD13] back at its first home under a newer epoch the session is served there', async () => {
    await ask('b', 1, '/say?word=b');
    expect(await words(await ask('a', 2, '/say?word=a'))).toEqual(['first', 'b', 'a']);
  });

  it('[RD14] a session that was destroyed is never saved again', async () => {
    const answer = await stale('/say/parked?word=stale', () => ask('b', 1, '/logout'));
    expect([answer.status, answer.headers.get('limpet-refused')]).toEqual([409, 'ended']);
    expect(await words(await ask('a', 2, '/words'))).toEqual([]);
    expect(await redis.ask('KEYS', 'sess:*')).toEqual([]);
  });

  it('[RD15] another Limpet session of the same client counts where it is served by the same origin', async () => {
    const same = await stale('/say/parked?word=one', () => ask('a', 0, '/words', { session: other }));
    expect(same.status).toBe(200);
    const elsewhere = await stale('/say/parked?word=two', () => ask('b', 0, '/words', { session: other }));
    expect(elsewhere.status).toBe(409);
  });

  it('[RD16] what does not come through Limpet works as with connect-redis', async () => {
    expect(await words(await direct('b', '/say?word=direct'))).toEqual(['first', 'direct']);
    expect(await words(await ask('a', 0, '/words'))).toEqual(['first', 'direct']);
  });

  it('[RD16] forged contract headers are 403', async () => {
    const { headers } = sentRequest({ target: '/words', method: 'POST' });
    const forged = { ...headers, 'limpet-epoch': '9', cookie };
    const answer = await fetch(`http://127.0.0.1:${portOf('a')}/words`, { method: 'POST', headers: forged });
    expect(answer.status).toBe(403);
  });

  it('[RD17] records are those of connect-redis, with its time to live', async () => {
    const plain = new RedisStore({ client });
    const [sid = ''] = await plain.ids();
    expect(await plain.get(sid)).toMatchObject({ words: ['first'] });
    expect(Number(await redis.ask('TTL', `sess:${sid}`))).toBeGreaterThan(86_000);
    expect(Number(await redis.ask('TTL', `{sess:${sid}}:limpet`))).toBeGreaterThan(172_000);
  });

  it('[RD17] has the other verbs of a store', async () => {
    const { store } = apps.a;
    const call = (name: 'all' | 'length' | 'clear' | 'ids') =>
      new Promise((resolve, reject) => {
        Reflect.get(
          store,
          name,
        )((error: unknown, value: unknown) => (error ? reject(error) : resolve(value)));
      });
    expect(await call('length')).toBe(1);
    expect(await call('all')).toMatchObject([{ words: ['first'], id: ((await call('ids')) as string[])[0] }]);
    await call('clear');
    expect(await call('length')).toBe(0);
  });

  it('[RD18] a Redis that is away when the session is saved is 503, and the application’s answer stays back', async () => {
    const answer = await stale('/say/parked?word=lost', () => redis.kill());
    expect([answer.status, answer.headers.get('limpet-refused')]).toEqual([503, 'unreachable']);
    const unread = await ask('a', 0, '/say?word=unread');
    expect([unread.status, unread.headers.get('limpet-need')]).toEqual([409, 'store']);
    await redis.start();
    await until('the client is back', () => client.isReady);
    expect(await words(await ask('a', 0, '/words'))).toEqual(['first']);
  });

  it('[RD18] nor does an answer wait for a client that queues for as long as Redis is away', async () => {
    const silent = { sendCommand: () => new Promise(() => undefined) };
    const slow = fencedRedis({ client: silent, session, origin: 'a', key: KEY, storeDeadlineMs: 50 });
    const app = express();
    app.use(
      slow.middleware(session({ secret: 's', resave: false, saveUninitialized: false, store: slow.store })),
    );
    app.all('/say', (request, response) => {
      request.session.words = ['x'];
      response.json('said');
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { headers } = sentRequest({ target: '/say', method: 'POST' });
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/say`, {
      method: 'POST',
      headers,
    });
    expect([answer.status, answer.headers.get('limpet-refused')]).toEqual([503, 'unreachable']);
    server.closeAllConnections();
    server.close();
  });

  it('[RD19] a change that knows no request is refused, not slipped past the fence', async () => {
    const set: (...words: unknown[]) => void = Reflect.get<object, string>(apps.a.store, 'set');
    const told = new Promise((resolve) => set('sid', { cookie: {} }, resolve));
    expect(String(await told)).toMatch(
      /must know its request: put fencedRedis\(\)\.middleware around session\(\)/,
    );
    expect(() => fencedRedis({ client: {} as never, session, origin: 'a', key: KEY })).toThrow(
      'must be one of node-redis (sendCommand) or ioredis (call)',
    );
  });
});
