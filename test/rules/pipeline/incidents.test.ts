import { describe, expect, it } from 'vitest';
import { noToll } from '../../../worker/core/tally.ts';
import { a, b, createWorld, reply, startMs, type World, type WorldOptions } from '../visit.ts';
import { dies, freezes } from './scene.ts';

async function shop(options: WorldOptions = {}) {
  const world = await createWorld(options);
  await world.store('a cart');
  return world;
}
const get = async (world: World, more: RequestInit = {}) =>
  world.send({ ...more, headers: { cookie: await world.cookie(), ...more.headers } });
const sightings = ({ sighted }: World) =>
  sighted.map(({ origin, failure, toll }) => [origin, failure?.how, toll]);

describe('what a request tells of a lost home', () => {
  it('[IN7] it refused: the session moved with its data, and the request was rescued', async () => {
    const world = await shop();
    dies(world, a);
    const response = await get(world);
    expect(response.status).toBe(200);
    expect(world.sighted).toEqual([
      {
        origin: a,
        drill: undefined,
        failure: { how: 'refused', firstAt: startMs, knownAt: startMs, lastAt: startMs, isSuspect: true },
        success: { firstAt: startMs, lookUpMs: 0, slowestMs: 0 },
        toll: { ...noToll, moved: 1, restored: 1, rescued: 1 },
      },
    ]);
  });

  it('[IN7] it was silent: detection took as long as the doubt did', async () => {
    const world = await shop();
    freezes(world, a);
    await get(world);
    const [seen] = world.sighted;
    expect(seen?.failure).toMatchObject({ how: 'silent', firstAt: startMs, knownAt: startMs + 300 });
    expect(seen?.toll).toEqual({ ...noToll, moved: 1, restored: 1, rescued: 1 });
  });

  it('[IN7] an unsafe request that may not be repeated has failed, and its session did not move', async () => {
    const world = await shop();
    freezes(world, a);
    expect((await get(world, { method: 'POST' })).status).toBe(504);
    expect(sightings(world)).toEqual([[a, 'silent', { ...noToll, failed: 1 }]]);
  });

  it('[IN7] known from the snapshot: moved, and no failure of its own', async () => {
    const world = await shop();
    world.standing(a, { health: 'down' });
    await get(world);
    expect(sightings(world)).toEqual([[a, undefined, { ...noToll, moved: 1, restored: 1, rescued: 1 }]]);
  });

  it('[IN14] ordered down: moved, and no failure of its own', async () => {
    const world = await shop();
    world.standing(a, { state: 'down' });
    await get(world);
    expect(sightings(world)).toEqual([[a, undefined, { ...noToll, moved: 1, restored: 1, rescued: 1 }]]);
  });

  it('[IN7] nothing was stored of the session: it moved empty', async () => {
    const world = await createWorld();
    world.standing(a, { health: 'down' });
    await get(world);
    expect(sightings(world)).toEqual([[a, undefined, { ...noToll, moved: 1, empty: 1, rescued: 1 }]]);
  });

  it('[IN7] data in a store that the origins share is neither restored nor missing', async () => {
    const world = await createWorld({ pool: { session: { mode: 'external' } } });
    dies(world, a);
    await get(world);
    expect(sightings(world)).toEqual([[a, 'refused', { ...noToll, moved: 1, rescued: 1 }]]);
  });

  it('[IN7] two origins that failed one request are two sightings', async () => {
    const world = await shop();
    dies(world, a, b);
    await world.send({ headers: { cookie: await world.cookie() } });
    const seen = sightings(world).map(([origin, how]) => [origin, how]);
    expect(seen[0]).toEqual([a, 'refused']);
    expect(seen.length).toBe(new Set(world.sent.map(({ origin }) => origin)).size - 1);
  });

  it('[IN7] a visitor without a session was rescued', async () => {
    const world = await createWorld();
    const first = await world.send({ headers: { 'user-agent': 'x' } });
    expect(first.status).toBe(200);
    const [home] = world.sent.map(({ origin }) => origin);
    if (home === undefined) throw new Error('Nobody was asked');
    dies(world, home);
    await world.send({ headers: { 'user-agent': 'x' } });
    expect(sightings(world)).toEqual([[home, 'refused', { ...noToll, rescued: 1 }]]);
  });

  it('[IN7] an origin that answers its probe and resets the same request twice: reset', async () => {
    const world = await shop();
    world.origins.set(a, () => Promise.reject(new TypeError('reset')));
    await get(world);
    expect(sightings(world)).toEqual([[a, 'reset', { ...noToll, moved: 1, restored: 1, rescued: 1 }]]);
    expect(world.sighted[0]?.failure?.isSuspect).toBe(false);
  });

  it('[IN8] nothing has failed: nothing is told', async () => {
    const world = await shop();
    await get(world);
    world.origins.set(a, () => reply('no', { status: 500 }));
    await get(world);
    await get(world, { method: 'POST' });
    expect(world.sighted).toEqual([]);
  });
});
