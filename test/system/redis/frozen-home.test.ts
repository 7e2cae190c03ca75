import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../../programs.ts';
import type { Client, Seen } from '../harness/client.ts';
import type { Origin, Sessions } from '../harness/origins.ts';
import { type RedisServer, startRedis } from '../harness/redis/server.ts';
import { until } from '../harness/until.ts';
import { startWorld, type World } from '../harness/world.ts';

const redisServer = program('redis-server');
const attempts = { doubtAfterMs: 100, doubtTimeoutMs: 200 };

interface Cart {
  readonly origin: string;
  readonly items: readonly string[];
}

describe.skipIf(redisServer === undefined)('an application with its sessions in a Redis', () => {
  let redis: RedisServer;
  let world: World | undefined;
  let settings = '';

  beforeAll(async () => {
    redis = await startRedis(redisServer ?? '');
  });
  afterAll(async () => {
    await world?.end();
    await redis?.end();
  });

  /** A visitor of a world with these settings: the last test's, where it has them. Who is down in it stays down. */
  async function begin(sessions: Sessions, env: Readonly<Record<string, string>> = {}): Promise<Client> {
    const wanted = JSON.stringify([sessions, env]);
    if (settings === wanted && world !== undefined) return world.client();
    settings = wanted;
    await world?.end();
    const contract = sessions === 'fenced';
    const session = { mode: 'external', contract } as const;
    world = await startWorld({
      origins: ['a', 'b', 'c', 'd'],
      sessions,
      pool: { session, attempts, health: { path: '/health', intervalMs: 60_000 } },
      rest: { debug: 'always' },
      env: { REDIS_URL: redis.url, ...env },
    });
    return world.client();
  }

  const add = (client: Client, item: string) => client.post(`/cart?item=${item}`);
  const itemsOf = async (client: Client) => (await client.get('/cart')).json<Cart>().items;

  /** The first item, and the origin that it was given at. */
  async function settled(client: Client): Promise<Origin> {
    const first = await add(client, 'first');
    expect(first.status).toBe(200);
    const home = world?.origin(first.json<Cart>().origin);
    if (home === undefined) throw new Error('No world');
    return home;
  }

  it('[EX4] connect-redis, unchanged, is failed over: home is killed, and no item is lost', async () => {
    const client = await begin('redis');
    const home = await settled(client);
    await add(client, 'second');
    await home.kill();
    const next = await client.get('/cart');
    expect(next.status).toBe(200);
    expect(next.json<Cart>().items).toEqual(['first', 'second']);
    expect(next.json<Cart>().origin).not.toBe(home.id);
    const stays = await add(client, 'third');
    expect(stays.json<Cart>()).toEqual({
      ...stays.json<Cart>(),
      origin: next.json<Cart>().origin,
      items: ['first', 'second', 'third'],
    });
    expect([next.outcome, (await client.get('/cart')).outcome]).toEqual(['moved', 'kept']);
  });

  it('[EX4] it is sent nothing of the contract, and the shard remembers no more than its home', async () => {
    const client = await begin('redis');
    await settled(client);
    const seen = (await client.get('/headers')).json<{ raw: string[] }>();
    expect(seen.raw.filter((name) => name.toLowerCase().startsWith('limpet'))).toEqual([]);
  });

  /** Home reads the session for one request, freezes, is left, and thaws to save what it had read. How many acknowledged items are gone then? */
  async function lostByThaw(
    client: Client,
    save: 'set' | 'eval',
  ): Promise<{ lost: number; stale: Seen; home: Origin }> {
    const home = await settled(client);
    const parked = client.post('/cart/parked?item=stale');
    await until('the request waits at home', async () => (await home.ask<number>('/parked')) === 1);
    home.freeze();
    const stale = await parked;
    const acknowledged = ['first'];
    for (const item of ['a', 'b', 'c', 'd', 'e']) {
      const seen = await add(client, item);
      if (seen.status === 200) acknowledged.push(item);
      else if (seen.status === 503) acknowledged.push(...(await again(client, item)));
    }
    const before = await calls(save);
    home.thaw();
    await home.ask('/release', 'POST');
    await until('Redis has had its save', async () => (await calls(save)) > before);
    const items = await itemsOf(client);
    return { lost: acknowledged.filter((item) => !items.includes(item)).length, stale, home };
  }

  /** How often Redis was asked for it. */
  async function calls(command: 'set' | 'eval'): Promise<number> {
    const stats = String(await redis.ask('INFO', 'commandstats'));
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  }

  async function again(client: Client, item: string): Promise<string[]> {
    return (await add(client, item)).status === 200 ? [item] : [];
  }

  it('[RD10] connect-redis loses what was acknowledged meanwhile: the process that thaws overwrites it', async () => {
    const { lost } = await lostByThaw(await begin('redis'), 'set');
    console.log(`connect-redis: ${lost} acknowledged writes lost to a home that froze and thawed`);
    expect(lost).toBe(5);
  });

  it.each(['ioredis', 'node-redis'])(
    '[RD11] limpet/redis over %s loses nothing: its stale save is refused',
    async (client) => {
      const { lost, stale } = await lostByThaw(await begin('fenced', { REDIS_CLIENT: client }), 'eval');
      console.log(
        `limpet/redis over ${client}: ${lost} acknowledged writes lost to a home that froze and thawed`,
      );
      expect(lost).toBe(0);
      expect(stale.status).toBe(504);
    },
  );

  it('[RD11] limpet/redis is failed over like any other store, and takes logins and logouts', async () => {
    const client = await begin('fenced', { REDIS_CLIENT: 'node-redis' });
    const home = await settled(client);
    expect((await client.post('/login')).json<Cart>().items).toEqual(['first', 'login']);
    await home.kill();
    expect(await itemsOf(client)).toEqual(['first', 'login']);
    const next = await add(client, 'second');
    expect([next.status, next.json<Cart>().items]).toEqual([200, ['first', 'login', 'second']]);
    await world?.origin(next.json<Cart>().origin).kill();
    expect(await itemsOf(client)).toEqual(['first', 'login', 'second']);
    expect((await client.post('/logout')).status).toBe(200);
    expect(await itemsOf(client)).toEqual([]);
  });
});
