import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStoreSecrets, type RedisAddress } from '../../../worker/config/store-secrets.ts';
import { loadConfig } from '../../../worker/config/parse.ts';
import { poolName } from '../../../worker/core/ids.ts';
import type { Clock, Timers } from '../../../worker/ports.ts';
import { createRedisHttp } from '../../../worker/stores/redis/redis-http.ts';
import { type Ask, createRedisStates } from '../../../worker/stores/redis/redis-states.ts';
import { createRedisTcp } from '../../../worker/stores/redis/redis-tcp.ts';
import { describeStateStore } from '../../contracts/state-store.contract.ts';
import { program } from '../../programs.ts';
import { type HttpBridge, startHttpBridge } from '../harness/redis/http-bridge.ts';
import { openNodeSocket } from '../harness/redis/node-socket.ts';
import { type RedisServer, startRedis } from '../harness/redis/server.ts';

const redisServer = program('redis-server');
const clock: Clock = { now: () => Date.now() };
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const timers: Timers = {
  sleep,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const states = (ask: Ask, deadlineMs = 2_000) =>
  createRedisStates(poolName(`pool-${crypto.randomUUID()}`), ask, { clock, timers, deadlineMs });
const opened = (ask: () => Ask) => async () => ({ states: states(ask()), now: clock.now, pass: sleep });
const session = 'xx00001AAAAAAAAAAAAAAAAAAAAAA' as never;

/** As the Worker reads it from its secret. */
function addressOf(url: string): RedisAddress {
  const pool = {
    origins: [{ id: 'a', url: 'https://a.example.com' }],
    session: { mode: 'external', store: 'redis' },
  };
  const config = loadConfig(
    { pools: { shop: pool as never }, routes: [{ match: '/*', pool: 'shop' }] },
    { production: false },
  );
  const parsed = parseStoreSecrets(config.pools, { REDIS_URL: url });
  if (!parsed.ok || parsed.stores.redis === undefined) throw new Error(JSON.stringify(parsed));
  return parsed.stores.redis;
}

describe.skipIf(redisServer === undefined)('with a real redis-server', () => {
  let redis: RedisServer;
  let bridge: HttpBridge;
  const tcp = () => createRedisTcp(addressOf(redis.url), openNodeSocket, timers);
  const http = () => createRedisHttp(bridge, fetch);

  beforeAll(async () => {
    redis = await startRedis(redisServer ?? '');
    bridge = await startHttpBridge(redis.url);
  });
  afterAll(async () => {
    await bridge?.end();
    await redis?.end();
  });

  describeStateStore('Redis over TCP', opened(tcp));
  describeStateStore('Redis over HTTP', opened(http));

  it('[RD1] both ways to a Redis read what the other has written', async () => {
    const pool = poolName('both');
    const [one, other] = [tcp(), http()].map((ask) => createRedisStates(pool, ask, { clock, timers }));
    const state = { bytes: new TextEncoder().encode('{"cart":[1]}'), seal: 'seal', epoch: 1 };
    const at = {
      assumed: { home: 'a' as never, epoch: 0 },
      limits: { expiresAt: Date.now() + 60_000, endsAt: Date.now() + 60_000 },
    };
    await one?.put(session, { expected: { epoch: 0, version: 0 }, nonce: 'n1', state, ...at });
    expect(await other?.get(session)).toEqual({ kind: 'held', stamp: { epoch: 0, version: 1 }, state });
  });

  it('[RD2] keeps its sessions in the database that the URL names', async () => {
    const there = createRedisTcp(addressOf(`${redis.url}/5`), openNodeSocket, timers);
    expect(await there(['SET', 'limpet-database', '5'])).toBe('OK');
    const here = createRedisTcp(addressOf(`${redis.url}/4`), openNodeSocket, timers);
    expect([await there(['GET', 'limpet-database']), await here(['GET', 'limpet-database'])]).toEqual([
      '5',
      null,
    ]);
  });

  it('[RD3] a Redis that is killed is asked until it is back, and what it had acknowledged is there', async () => {
    const store = states(tcp(), 10_000);
    const state = { bytes: new TextEncoder().encode('kept'), seal: 'seal', epoch: 0 };
    const at = {
      assumed: { home: 'a' as never, epoch: 0 },
      limits: { expiresAt: Date.now() + 600_000, endsAt: Date.now() + 600_000 },
    };
    await store.put(session, { expected: { epoch: 0, version: 0 }, nonce: 'n1', state, ...at });
    await redis.kill();
    expect(await states(tcp(), 200).get(session)).toMatchObject({
      kind: 'unreachable',
      why: expect.stringMatching(/^Redis did not answer: /),
    });
    await redis.start();
    expect(await store.get(session)).toMatchObject({ kind: 'held', state });
  });

  it('[RD4] a connection that says nothing is given up', async () => {
    const silent: Ask = createRedisTcp(
      addressOf(redis.url),
      async () => ({
        readable: new ReadableStream({ start: (controller) => void closers.push(() => controller.close()) }),
        writable: new WritableStream(),
        close: async () => closers.splice(0).forEach((close) => close()),
      }),
      timers,
    );
    const closers: (() => void)[] = [];
    await expect(silent(['PING'])).rejects.toThrow('Redis did not answer: Redis closed the connection');
  });

  it('[RD5] a token that is not the right one is an answer, not a reason to ask again', async () => {
    const asked: string[] = [];
    const ask = createRedisHttp(
      { ...bridge, token: 'another' },
      (url, init) => (asked.push(url), fetch(url, init)),
    );
    expect(await states(ask).get(session)).toEqual({
      kind: 'unreachable',
      why: 'Redis refused: WRONGPASS invalid token',
    });
    expect(asked).toHaveLength(1);
  });
});

describe.skipIf(redisServer === undefined)('with a redis-server that wants to know who asks', () => {
  let redis: RedisServer;
  const at = (login: string) =>
    createRedisTcp(addressOf(redis.url.replace('//', `//${login}@`)), openNodeSocket, timers);

  beforeAll(async () => {
    const password = 'p@ss:word/of default';
    redis = await startRedis(redisServer ?? '', ['--requirepass', password], { password });
    await redis.ask(
      'ACL',
      'SETUSER',
      'limpet',
      'on',
      '>s3cret',
      '~limpet:*',
      '+eval',
      '+hmget',
      '+hget',
      '+hset',
      '+pexpire',
      '+del',
      '+select',
    );
  });
  afterAll(() => redis?.end());

  it('[RD6] takes a password alone, with any characters', async () => {
    expect(await at(`:${encodeURIComponent('p@ss:word/of default')}`)(['PING'])).toBe('PONG');
  });

  it('[RD6] takes a user of the ACL, who needs no more than the keys and commands of the script', async () => {
    const store = states(at('limpet:s3cret'));
    expect(await store.get(session)).toEqual({ kind: 'held', stamp: { epoch: 0, version: 0 } });
    expect(await at('limpet:s3cret')(['GET', 'sess:1'])).toMatchObject({
      error: expect.stringMatching(/^NOPERM/),
    });
  });

  it.each([
    ['a wrong password', 'limpet:wrong', /^Redis refused: WRONGPASS/],
    ['no password', '', /^Redis refused: NOAUTH/],
  ])('[RD7] %s is refused by name, and never repeated', async (_what, login, why) => {
    const address = addressOf(login === '' ? redis.url : redis.url.replace('//', `//${login}@`));
    let opened = 0;
    const ask = createRedisTcp(address, (to) => ((opened += 1), openNodeSocket(to)), timers);
    expect(await states(ask).get(session)).toEqual({ kind: 'unreachable', why: expect.stringMatching(why) });
    expect(opened).toBe(1);
  });
});
