import { beforeEach, describe, expect, it } from 'vitest';
import { originId } from '../../../worker/core/ids.ts';
import { a, b, c, createWorld, session, sessionNo, type World } from '../visit.ts';
import { carriedIn, codeOf, dies, pathIn } from './scene.ts';

const cart = '{"cart":[1]}';
let world: World;
let cookie: string;

const start = async (panic = {}) => {
  world = await createWorld({ pool: { panic } });
  cookie = await world.cookie();
};
beforeEach(() => start());

const get = () => world.send({ headers: { cookie } });
const down = (...origins: (typeof a)[]) => {
  for (const origin of origins) world.standing(origin, { health: 'down' });
};
const placesOf = async (count: number) => {
  const visit = await world.visit();
  return new Set(Array.from({ length: count }, (_, at) => visit.view.placeNew(at * 1_000_003)));
};

describe('two of three origins are down, says the monitor', () => {
  beforeEach(() => down(a, b));

  it('[PN2] a session stays with its home, which serves it', async () => {
    await world.store(cart);
    expect((await get()).status).toBe(200);
    expect([pathIn(world), world.shards.calls]).toEqual([[a], []]);
  });

  it('[PN2] it leaves a home that fails here too, with its data', async () => {
    await world.store(cart);
    dies(world, a);
    expect((await get()).status).toBe(200);
    expect([pathIn(world)[0], pathIn(world).at(-1), carriedIn(world).at(-1)]).toEqual([a, c, cart]);
    await get();
    expect(pathIn(world).filter((origin) => origin === a)).toHaveLength(1);
  });

  it('[PN3] new sessions go to all of them, but not to one that has failed here', async () => {
    expect(await placesOf(60)).toEqual(new Set([a, b, c]));
    world.pool.suspicions.suspect(b, world.clock.now());
    expect(await placesOf(60)).toEqual(new Set([a, c]));
  });

  it('[PN3] a session that must move goes to one that is well', async () => {
    await world.store(cart);
    world.pool.suspicions.suspect(a, world.clock.now());
    expect((await get()).status).toBe(200);
    expect(pathIn(world)).toEqual([c]);
  });

  it('[PN1] with the threshold at 0 the monitor is always believed', async () => {
    await start({ thresholdPercent: 0 });
    down(a, b);
    await world.store(cart);
    await get();
    expect(pathIn(world)).toEqual([c]);
    expect(await placesOf(60)).toEqual(new Set([c]));
  });
});

describe('fewer origins than minimumOrigins are usable', () => {
  it('[PN4] nothing new begins and nothing moves there: the kept answer, or 503; whose home is left goes on', async () => {
    await start({ minimumOrigins: 2 });
    down(b, c);
    world.cached.set('shop.example.com/', { response: new Response('kept'), ageMs: 5_000 });
    const fallback = await world.send();
    expect([fallback.headers.get('age'), await fallback.text()]).toEqual(['5', 'kept']);
    expect(codeOf(await world.send({ method: 'POST' }))).toEqual([503, 'no_origin']);
    await world.store(cart, { home: b, epoch: 1 });
    cookie = await world.cookie({ home: b, epoch: 1 });
    expect(codeOf(await world.send({ method: 'POST', headers: { cookie } }))).toEqual([503, 'no_origin']);
    expect([pathIn(world), world.shards.row(session)?.epoch]).toEqual([[], 1]);
    cookie = await world.cookie({ home: a, session: sessionNo(9) });
    expect((await get()).status).toBe(200);
    expect(pathIn(world)).toEqual([a]);
  });
});

describe('a pool with a backup', () => {
  const origins = (...ids: string[]) => ids.map((id) => ({ id, url: `http://${id}.internal:9000` }));
  const pools = { shop: { origins: origins('a', 'b'), backup: 'spare' }, spare: { origins: origins('x') } };
  const x = originId('x');

  beforeEach(async () => {
    world = await createWorld({ config: { pools } });
    cookie = await world.cookie();
  });

  it('[PN5] has its new sessions begun there only while none of its own origins can be used', async () => {
    await world.send();
    down(a);
    await world.send();
    expect(pathIn(world)).not.toContain(x);
    down(b);
    const response = await world.send();
    expect([response.status, pathIn(world).at(-1)]).toEqual([200, x]);
    expect(response.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual([
      '__Host-limpet-spare',
    ]);
  });

  it('[PN6] a session that began there stays there when the pool is back', async () => {
    down(a, b);
    const begun = await world.send();
    cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    for (const origin of [a, b]) world.standing(origin, { health: 'up' });
    expect([(await get()).status, pathIn(world).at(-1)]).toEqual([200, x]);
  });

  it('[PN6] a session of its own never goes there: 503 with Retry-After, cookie kept', async () => {
    down(a, b);
    await world.store(cart);
    const refused = await world.send({ method: 'POST', headers: { cookie } });
    expect([...codeOf(refused), pathIn(world), await world.told(refused)]).toEqual([
      503,
      'no_origin',
      [],
      undefined,
    ]);
  });
});
