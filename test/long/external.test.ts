import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionInput } from '../../worker/config/input.ts';
import { program } from '../programs.ts';
import type { Client, Seen } from '../system/harness/client.ts';
import { type HttpBridge, startHttpBridge } from '../system/harness/redis/http-bridge.ts';
import { type RedisServer, startRedis } from '../system/harness/redis/server.ts';
import { until } from '../system/harness/until.ts';
import { startWorld, type World } from '../system/harness/world.ts';

const redisServer = program('redis-server');

interface Cart {
  readonly origin: string;
  readonly items: readonly string[];
}

const cartOf = (seen: Seen) => seen.json<Cart>();
const add = (client: Client, item: string) => client.post(`/cart?item=${item}`);
const items = async (client: Client) => cartOf(await client.get('/cart')).items;

describe.skipIf(redisServer === undefined)(
  'an application that keeps its sessions by the SDK in a shared store',
  () => {
    let redis: RedisServer;
    let bridge: HttpBridge;
    let world: World;
    let settings = '';

    beforeAll(async () => {
      redis = await startRedis(redisServer ?? '');
      bridge = await startHttpBridge(redis.url);
    });
    afterAll(async () => {
      await world?.end();
      await bridge?.end();
      await redis?.end();
    });

    /** A visitor of a world with these settings: the last test's, where it has them. */
    async function begin(session: SessionInput): Promise<Client> {
      const wanted = JSON.stringify(session);
      if (settings === wanted) return world.client();
      settings = wanted;
      await world?.end();
      world = await startWorld({
        pool: { session: { mode: 'external', ...session } },
        rest: { debug: 'always' },
        env: { REDIS_URL: `${redis.url}/3`, REDIS_HTTP_URL: bridge.url, REDIS_HTTP_TOKEN: bridge.token },
      });
      return world.client();
    }

    /** How often Redis keeps something for Limpet. */
    const kept = async (database: string) =>
      String(await redis.ask('INFO', 'keyspace')).includes(`db${database}:`);

    describe.each(['redis-http', 'redis', 'limpet'] as const)('in %s', (store) => {
      it('[XS20] home is killed, and any origin goes on with what was stored', async () => {
        await redis.ask('FLUSHALL');
        const client = await begin({ store });
        const first = await add(client, 'one');
        expect([first.status, first.cookies.length]).toEqual([200, 2]);
        await add(client, 'two');
        const home = world.origin(cartOf(first).origin);
        await home.kill();
        const next = await client.get('/cart');
        expect([next.status, cartOf(next).items]).toEqual([200, ['one', 'two']]);
        expect(cartOf(next).origin).not.toBe(home.id);
        await add(client, 'three');
        expect(await items(client)).toEqual(['one', 'two', 'three']);
        expect(await Promise.all(['3', '0'].map(kept))).toEqual([store === 'redis', store === 'redis-http']);
        await home.start();
      });

      it('[XS21] a login keeps the cart under a new id, a logout ends it', async () => {
        const client = await begin({ store });
        await add(client, 'one');
        const login = await client.post('/login');
        expect([login.status, cartOf(login).items]).toEqual([200, ['one', 'login']]);
        expect(await items(client)).toEqual(['one', 'login']);
        expect((await client.post('/logout')).status).toBe(200);
        expect(await items(client)).toEqual([]);
        await add(client, 'anew');
        expect(await items(client)).toEqual(['anew']);
      });
    });

    it('[XS22] parallel requests of one session at its home are all kept', async () => {
      const client = await begin({ store: 'limpet' });
      await add(client, 'first');
      const names = Array.from({ length: 8 }, (_, at) => `p${at}`);
      const all = await Promise.all(names.map((name) => add(client, name)));
      expect(all.map(({ status }) => status)).toEqual(names.map(() => 200));
      expect([...(await items(client))].sort()).toEqual(['first', ...names]);
    });

    it('[XS23] a change that was written on an older state is refused, and the newer one stays', async () => {
      const client = await begin({ store: 'limpet' });
      const home = cartOf(await add(client, 'first')).origin;
      const parked = client.post('/cart/parked?item=stale');
      await until('the request waits', async () => (await world.origin(home).ask<number>('/parked')) === 1);
      await writeElsewhere(client);
      await world.origin(home).ask('/release', 'POST');
      const stale = await parked;
      expect([stale.status, stale.json<{ code: string }>().code]).toEqual([409, 'state_changed']);
      expect((await client.get('/cart')).status).toBe(200);
    });

    /** The same session by another way: its capability, as any origin of the pool may use it. */
    async function writeElsewhere(client: Client): Promise<void> {
      const { raw } = (await client.get('/headers')).json<{ raw: string[] }>();
      const [url = '', capability = ''] = (
        raw[raw.findIndex((name) => name.toLowerCase() === 'limpet-api') + 1] ?? ''
      ).split(' ');
      const authorization = `Bearer ${capability}`;
      const read = await fetch(url, { headers: { authorization } });
      const put = await fetch(url, {
        method: 'PUT',
        headers: { authorization, 'if-match': read.headers.get('etag') ?? '' },
        body: await read.arrayBuffer(),
      });
      expect(put.status).toBe(200);
    }

    it('[XS24] Redis is killed and started again: nothing acknowledged is lost, and until then the client gets 503', async () => {
      const client = await begin({ store: 'redis' });
      await add(client, 'first');
      const acknowledged: string[] = [];
      const refused: Seen[] = [];
      let down: Promise<void> | undefined;
      for (let at = 0; at < 12; at++) {
        if (at === 4) down = redis.kill();
        if (at === 6) await down?.then(() => redis.start());
        const seen = await add(client, `i${at}`);
        if (seen.status === 200) acknowledged.push(`i${at}`);
        else refused.push(seen);
      }
      expect(refused.length).toBeGreaterThan(0);
      for (const seen of refused) {
        expect([seen.status, seen.json<{ code: string }>().code]).toEqual([503, 'store_unreachable']);
        expect(seen.headers['retry-after']).toBeDefined();
      }
      expect(await items(client)).toEqual(expect.arrayContaining(['first', ...acknowledged]));
      expect(acknowledged.length).toBeGreaterThan(5);
    });

    it('[XS25] with `serve` a Redis that goes away costs no answer, and the outcome says that it is not stored', async () => {
      const client = await begin({ store: 'redis', onStoreFailure: 'serve' });
      const home = cartOf(await add(client, 'first')).origin;
      const parked = client.post('/cart/parked?item=unstored');
      await until('the request waits', async () => (await world.origin(home).ask<number>('/parked')) === 1);
      await redis.kill();
      await world.origin(home).ask('/release', 'POST');
      const seen = await parked;
      expect([seen.status, seen.outcome, cartOf(seen).items]).toEqual([
        200,
        'unstored',
        ['first', 'unstored'],
      ]);
      // What cannot be read is not served as if it were empty.
      const unread = await client.get('/cart');
      expect([unread.status, unread.json<{ code: string }>().code]).toEqual([503, 'store_unreachable']);
      await redis.start();
      expect((await client.get('/cart')).status).toBe(200);
    });
  },
);
