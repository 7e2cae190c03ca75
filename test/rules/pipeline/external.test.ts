import { beforeEach, describe, expect, it } from 'vitest';
import { a, createWorld, session, type World } from '../visit.ts';
import { carriedIn, codeOf, dies, freezes, pathIn } from './scene.ts';

let world: World;
let cookie: string;

beforeEach(async () => {
  world = await createWorld({ pool: { session: { mode: 'external' } } });
  cookie = await world.cookie();
});

const get = () => world.send({ headers: { cookie } });

/** Milliseconds until a GET is answered, its status, and where the cookie that came with it leads. */
async function timed() {
  const began = world.clock.now();
  const response = await get();
  return {
    status: response.status,
    home: (await world.told(response))?.home,
    afterMs: world.clock.now() - began,
  };
}

describe('a pool whose origins share a store', () => {
  it('[EX1] a frozen home is left at once though the shard has no copy: holdMs does not apply', async () => {
    world = await createWorld({ pool: { session: { mode: 'external', holdMs: 30_000 } } });
    cookie = await world.cookie();
    freezes(world, a);
    const { status, home, afterMs } = await timed();
    expect([status, home]).toEqual([200, pathIn(world)[1]]);
    expect(home).not.toBe(a);
    expect(afterMs).toBeLessThan(1_000);
  });

  it('[EX1] a dead home is left with one claim, and the shard remembers the new one', async () => {
    dies(world, a);
    const { status, home } = await timed();
    expect(status).toBe(200);
    expect(world.shards.calls).toEqual(['claim']);
    expect(world.shards.row(session)).toMatchObject({ home, epoch: 1 });
  });

  it('[EX2] the new home is sent the session and its epoch, and no state', async () => {
    world.standing(a, { health: 'down' });
    await world.store('{"cart":[1]}');
    await get();
    const [sent] = world.sent;
    expect(carriedIn(world)).toEqual([undefined]);
    expect([sent?.headers.get('limpet-session'), sent?.headers.get('limpet-epoch')]).toEqual([session, '1']);
    expect(sent?.headers.get('limpet-restore')).toBeNull();
  });

  it('[EX3] with the shard away a lost home is not left: 503, cookie kept', async () => {
    world.standing(a, { health: 'down' });
    world.shards.goAway();
    const refused = await world.send({ method: 'POST', headers: { cookie } });
    expect(codeOf(refused)).toEqual([503, 'store_unreachable']);
    expect([pathIn(world), await world.told(refused)]).toEqual([[], undefined]);
  });
});
