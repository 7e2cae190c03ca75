import { describe, expect, it } from 'vitest';
import type { Drill } from '../../../worker/core/drill.ts';
import { noToll } from '../../../worker/core/tally.ts';
import { a, b, c, createWorld, reply, session, startMs, type World, type WorldOptions } from '../visit.ts';
import { carriedIn, dies, pathIn } from './scene.ts';

const drill: Drill = { number: 4, origin: a, share: 10_000, seed: 0, until: startMs + 60_000 };

async function drilled(options: WorldOptions = {}, more: Partial<Drill> = {}) {
  const world = await createWorld(options);
  world.drill = { ...drill, ...more };
  return world;
}
const get = async (world: World) => world.send({ headers: { cookie: await world.cookie() } });
const tolls = ({ sighted }: World) =>
  sighted.map(({ drill: number, failure, toll }) => [number, failure, toll]);

describe('a session in a drill', () => {
  it('[DR6] moves with its data as if home had failed; home is not asked, and the cookie names the new one', async () => {
    const world = await drilled();
    await world.store('a cart');
    const response = await get(world);
    expect(response.status).toBe(200);
    expect(pathIn(world)).not.toContain(a);
    expect(carriedIn(world)).toEqual(['a cart']);
    expect(await world.told(response)).toMatchObject({ epoch: 1 });
    expect(tolls(world)).toEqual([[4, undefined, { ...noToll, moved: 1, restored: 1, rescued: 1 }]]);
    expect(world.reported).toEqual([]);
  });

  it('[DR6] afterwards it stays at its new home', async () => {
    const world = await drilled();
    await world.store('a cart');
    const told = await world.told(await get(world));
    const cookie = await world.cookie({ home: told?.home ?? a, epoch: 1 });
    await world.send({ headers: { cookie } });
    world.drill = undefined;
    await world.send({ headers: { cookie } });
    expect(pathIn(world)).toEqual([told?.home, told?.home, told?.home]);
  });

  it('[DR7] of which nothing is stored stays at home: a drill empties nobody', async () => {
    const world = await drilled();
    const response = await get(world);
    expect([response.status, pathIn(world)]).toEqual([200, [a]]);
    expect(tolls(world)).toEqual([[4, undefined, { ...noToll, stayed: 1 }]]);
  });

  it('[DR7] that nobody else can take stays at home, and is not refused', async () => {
    const world = await drilled();
    await world.store('a cart');
    for (const origin of [b, c]) world.standing(origin, { health: 'down' });
    const response = await get(world);
    expect([response.status, pathIn(world)]).toEqual([200, [a]]);
  });

  it('[DR7] whose shard does not answer stays at home, though a copy could be read elsewhere', async () => {
    const world = await drilled();
    await world.store('a cart');
    const [row, state] = [world.shards.row(session), world.shards.state(session)];
    if (row !== undefined && state !== undefined) world.copies.set(session, { row, state, ageMs: 5 });
    world.shards.goAway();
    const response = await get(world);
    expect([response.status, pathIn(world), carriedIn(world)]).toEqual([200, [a], [undefined]]);
    expect(tolls(world)).toEqual([[4, undefined, { ...noToll, stayed: 1 }]]);
  });

  it('[DR5] that gets an error where it was moved to counts as harmed', async () => {
    const world = await drilled();
    await world.store('a cart');
    for (const origin of [b, c]) world.origins.set(origin, () => reply('no', { status: 500 }));
    await get(world);
    expect(tolls(world)).toEqual([[4, undefined, { ...noToll, moved: 1, restored: 1, failed: 1 }]]);
  });

  it('[DR5] is left in peace where this isolate has seen the drill do harm', async () => {
    const world = await drilled();
    await world.store('a cart');
    world.stopped.add(4);
    await get(world);
    expect([pathIn(world), world.sighted]).toEqual([[a], []]);
  });

  it.each<[string, Partial<Drill>]>([
    ['another origin is drilled', { origin: b }],
    ['the time is over', { until: startMs }],
    ['it is not among the share', { share: 0 }],
  ])('[DR4] is not in it when %s: the steady state', async (_, more) => {
    const world = await drilled({}, more);
    await world.store('a cart');
    await get(world);
    expect([pathIn(world), world.shards.calls, world.sighted]).toEqual([[a], [], []]);
  });

  it('[DR6] known by a learned key takes part like any other', async () => {
    const world = await createWorld({
      pool: { affinity: [{ by: 'header:x-key' }], session: { mode: 'external' } },
    });
    const headers = { 'x-key': 'k1' };
    await world.send({ headers });
    const [home = a] = pathIn(world);
    world.drill = { ...drill, origin: home };
    await world.send({ headers });
    expect(pathIn(world)).toEqual([home, expect.not.stringContaining(home)]);
    expect(tolls(world)).toEqual([[4, undefined, { ...noToll, moved: 1, rescued: 1 }]]);
  });

  it('[DR6] home really fails as well: the request is served elsewhere', async () => {
    const world = await drilled();
    dies(world, a);
    await world.store('a cart');
    const response = await get(world);
    expect(response.status).toBe(200);
    expect(carriedIn(world)).toEqual(['a cart']);
  });
});
