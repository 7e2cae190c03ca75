import { describe, expect, it } from 'vitest';
import type { ConfigInput, PoolInput } from '../../../worker/config/input.ts';
import { a, createWorld, reply, session, type World } from '../visit.ts';
import { carriedIn, codeOf, dies, pathIn } from './scene.ts';

const cart = '{"cart":[1]}';

async function start(pool: Partial<PoolInput> = {}, config: Partial<ConfigInput> = {}) {
  const world = await createWorld({ pool: { attempts: { connectCheckMs: 100 }, ...pool }, config });
  const cookie = await world.cookie();
  const send = (method: string, more: Record<string, string> = {}) =>
    world.send({
      method,
      ...(method === 'GET' ? {} : { body: 'item=2' }),
      headers: { cookie, 'content-length': '6', ...more },
    });
  return { world, send };
}

/** Nobody listens there any more. */
function refuses(world: World): void {
  dies(world, a);
  world.connections.set(a, 'refused');
}

describe('a connection is tried first', () => {
  it('[CT1] for a POST, and for nothing that could be sent again', async () => {
    const { world, send } = await start();
    for (const method of ['GET', 'OPTIONS']) await send(method);
    await send('POST', { 'idempotency-key': 'one' });
    expect(world.connected).toEqual([]);
    expect((await send('POST')).status).toBe(200);
    expect([world.connected, pathIn(world)]).toEqual([[a], [a, a, a, a]]);
  });

  it('[CT1] not where the operator says that any request may be sent again', async () => {
    const origins = ['a', 'b', 'c'].map((id) => ({ id, url: `http://${id}.internal:9000` }));
    const pools = { shop: { origins, attempts: { connectCheckMs: 100 } } };
    const { world, send } = await start(
      {},
      { pools, routes: [{ match: '/*', pool: 'shop', resend: 'any' }] },
    );
    await send('POST');
    expect([world.connected, pathIn(world)]).toEqual([[], [a]]);
  });

  it('[CT1] never by default', async () => {
    const { world, send } = await start({ attempts: {} });
    await send('POST');
    expect(world.connected).toEqual([]);
  });

  it.each(['refused', 'silent'] as const)(
    '[CT2] %s: the POST goes to the next home, claimed, with the state, and home is suspect',
    async (found) => {
      const { world, send } = await start();
      await world.store(cart);
      refuses(world);
      world.connections.set(a, found);
      expect((await send('POST')).status).toBe(200);
      expect([pathIn(world).includes(a), carriedIn(world)]).toEqual([false, [cart]]);
      expect(world.shards.row(session)?.epoch).toBe(1);
      expect([world.pool.suspicions.isSuspect(a, world.clock.now()), world.reported]).toEqual([true, [a]]);
    },
  );

  it('[CT2] a body that is too large to be kept is whole all the same', async () => {
    const { world, send } = await start({ attempts: { connectCheckMs: 100, bodyBytesMax: 4 } });
    await world.store(cart);
    refuses(world);
    let read = '';
    for (const origin of world.pool.origins.keys())
      if (origin !== a)
        world.origins.set(origin, async ({ init }) => {
          read = await new Response(init.body ?? null).text();
          return reply();
        });
    expect((await send('POST')).status).toBe(200);
    expect(read).toBe('item=2');
  });

  it('[CT3] no connection, but the probe is answered: once more, and then elsewhere without suspicion', async () => {
    const { world, send } = await start();
    await world.store(cart);
    world.connections.set(a, 'silent');
    expect((await send('POST')).status).toBe(200);
    expect(world.connected.slice(0, 2)).toEqual([a, a]);
    expect([world.connected.length, pathIn(world).includes(a)]).toEqual([3, false]);
    expect(world.pool.suspicions.isSuspect(a, world.clock.now())).toBe(false);
  });

  it('[CT3] with no attempt left it is 503, and was sent nowhere', async () => {
    const { world, send } = await start({ attempts: { connectCheckMs: 100, max: 1 } });
    refuses(world);
    expect(codeOf(await send('POST'))).toEqual([503, 'no_origin']);
    expect(pathIn(world)).toEqual([]);
  });
});
