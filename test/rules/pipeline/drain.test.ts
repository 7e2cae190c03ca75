import { beforeEach, describe, expect, it } from 'vitest';
import type { PoolInput } from '../../../worker/config/input.ts';
import { originId } from '../../../worker/core/ids.ts';
import { a, b, c, contractReply, createWorld, reply, session, startMs, type World } from '../visit.ts';
import { codeOf, dies, pathIn } from './scene.ts';

const cart = '{"cart":[1]}';
const until = startMs + 600_000;
let world: World;
let cookie: string;

async function begin(pool: Partial<PoolInput> = {}): Promise<void> {
  world = await createWorld({ pool });
  cookie = await world.cookie();
}
beforeEach(() => begin());

const get = () => world.send({ headers: { cookie } });
const post = () => world.send({ method: 'POST', body: 'x', headers: { cookie, 'content-length': '1' } });
const released = { 'limpet-version': '7', 'limpet-released': '1' };
const newcomers = () =>
  Promise.all(
    Array.from({ length: 60 }, (_, at) => world.send({ headers: { 'user-agent': `browser ${at}` } })),
  );

describe('an origin that is being drained', () => {
  beforeEach(() => world.standing(a, { state: 'draining', until }));

  it('[OS2] takes no new session, and keeps serving its own', async () => {
    await newcomers();
    expect(new Set(pathIn(world))).toEqual(new Set([b, c]));
    expect((await get()).status).toBe(200);
    expect(pathIn(world).at(-1)).toBe(a);
  });

  it('[DN2] is asked to let go, and while it does not the session stays as it is', async () => {
    await world.store(cart, { version: 7 });
    const response = await get();
    expect(world.sent[0]?.headers.get('limpet-release')).toBe('1');
    expect([response.status, world.shards.calls, await world.told(response)]).toEqual([200, [], undefined]);
  });

  it('[DN2] has let go: only then is the session claimed, and the same answer names the new home', async () => {
    await world.store(cart, { version: 7 });
    let claimedBefore: readonly string[] = [];
    world.origins.set(a, () => {
      claimedBefore = [...world.shards.calls];
      return contractReply(released);
    });
    const response = await post();
    expect([response.status, claimedBefore, world.shards.calls]).toEqual([200, [], ['claim']]);
    const told = await world.told(response);
    expect(told).toMatchObject({ session, epoch: 1 });
    expect([b, c]).toContain(told?.home);
    expect(world.shards.row(session)).toMatchObject({ home: told?.home, epoch: 1, version: 7 });
    expect(world.shards.raised).toEqual([a]);
    expect(response.headers.has('limpet-released')).toBe(false);
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.moved.home_draining': 1 });
  });

  it('[DN2] the next request goes to the new home, without a state: that claims it by itself', async () => {
    await world.store(cart, { version: 7 });
    world.origins.set(a, () => contractReply(released));
    cookie = (await get()).headers.getSetCookie()[0]?.split(';')[0] ?? '';
    await get();
    expect(pathIn(world)[1]).not.toBe(a);
    expect(world.sent[1]?.headers.get('limpet-epoch')).toBe('1');
    expect(world.sent[1]?.headers.has('limpet-state')).toBe(false);
  });

  it('[DN2] an answer that lets go of nothing because its change was refused moves nobody', async () => {
    await world.store(cart, { version: 7, epoch: 4, home: b });
    world.origins.set(a, () =>
      contractReply({ 'limpet-refused': 'moved', 'limpet-released': '1' }, { status: 409 }),
    );
    expect(codeOf(await post())).toEqual([409, 'session_moved']);
    expect(world.shards.calls).not.toContain('claim');
  });

  it('[DN2] the shard is away: the answer goes out, and the cookie names the old home still', async () => {
    world.shards.unreachable.add('claim');
    world.origins.set(a, () => contractReply(released));
    const response = await get();
    expect([response.status, await world.told(response)]).toEqual([200, undefined]);
  });

  it('[DN2] nobody else can take it: it stays', async () => {
    for (const origin of [b, c]) world.standing(origin, { health: 'down' });
    world.origins.set(a, () => contractReply(released));
    expect((await get()).status).toBe(200);
    expect(world.shards.calls).toEqual([]);
  });

  it('[DN2] one that lets go without being asked moves nobody', async () => {
    world.standing(a, { state: 'draining', until: 0 });
    await begin();
    world.origins.set(a, () => contractReply(released));
    await get();
    expect(world.shards.calls).toEqual([]);
  });

  it('[DN3] past its deadline what still lives there is moved, with its data or without', async () => {
    world.standing(a, { state: 'draining', until: startMs });
    const empty = await get();
    expect([empty.status, (await world.told(empty))?.epoch]).toEqual([200, 1]);
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.moved.home_draining': 1 });
    await begin();
    world.standing(a, { state: 'draining', until: startMs });
    await world.store(cart);
    await get();
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.restored.home_draining': 1 });
  });

  it('[DN3] in local mode its sessions stay until then, and are asked for nothing', async () => {
    await begin({ session: { mode: 'local' } });
    world.standing(a, { state: 'draining', until });
    expect((await get()).status).toBe(200);
    expect(pathIn(world)).toEqual([a]);
    expect(world.sent[0]?.headers.has('limpet-release')).toBe(false);
  });

  it('[DN5] in external mode a session moves with its next request', async () => {
    await begin({ session: { mode: 'external' } });
    world.standing(a, { state: 'draining', until });
    const response = await get();
    expect([b, c]).toContain((await world.told(response))?.home);
    expect(pathIn(world)).not.toContain(a);
  });

  it('[DN6] an origin that has proven itself asks for a drain, once until the snapshot says it', async () => {
    await begin();
    const orders: unknown[] = [];
    const order = async (one: unknown) => {
      orders.push(one);
      return { kind: 'ordered', said: 'changed', version: 2 } as const;
    };
    const visit = await world.visit();
    Object.assign(visit.pool, { order });
    world.origins.set(a, () => contractReply({ 'limpet-drain': '1' }));
    await get();
    await get();
    expect(orders).toEqual([
      { kind: 'state', origin: a, state: 'draining', by: 'origin', deadlineMs: 1_800_000 },
    ]);
    world.origins.set(b, () => reply('ok', { headers: { 'limpet-drain': '1' } }));
    await world.send({ headers: { cookie: await world.cookie({ home: b }) } });
    expect(orders).toHaveLength(1);
  });
});

describe('an origin that is ordered out', () => {
  it.each(['down', 'disabled'] as const)(
    '[OS3] %s: its sessions move with their data, as from one that died',
    async (state) => {
      await world.store(cart);
      world.standing(a, { state });
      const response = await get();
      expect([b, c]).toContain((await world.told(response))?.home);
      expect(world.edge.counters.all()).toMatchObject({ 'request.shop.restored.home_ordered_out': 1 });
      await newcomers();
      expect(pathIn(world)).not.toContain(a);
    },
  );

  it('[OS3] also sessions of which nothing is stored', async () => {
    world.standing(a, { state: 'down' });
    expect((await get()).status).toBe(200);
    expect(world.shards.row(session)?.home).not.toBe(a);
  });
});

describe('an ordered weight', () => {
  it('[OS4] holds for new sessions, and moves nobody', async () => {
    world.standing(a, { weight: 0 });
    world.standing(b, { weight: 1_000 });
    await newcomers();
    const counts = pathIn(world).reduce<Record<string, number>>(
      (sum, id) => ({ ...sum, [id]: (sum[id] ?? 0) + 1 }),
      {},
    );
    expect(counts['a']).toBeUndefined();
    expect(counts['b']).toBeGreaterThan(50);
    const response = await get();
    expect([pathIn(world).at(-1), world.shards.calls, await world.told(response)]).toEqual([
      a,
      [],
      undefined,
    ]);
  });
});

describe('a pool that is route-only', () => {
  beforeEach(() => {
    world.routeOnly = true;
  });

  it('[OS7] cookies route: also to a home that is called down, also by an old snapshot, and nobody is asked', async () => {
    world.standing(a, { health: 'down', incarnation: 4 });
    world.snapshotAgeMs = 60_000;
    const response = await get();
    expect([response.status, world.shards.calls, await world.told(response)]).toEqual([200, [], undefined]);
    expect(world.sent[0]?.headers.get('limpet-unstored')).toBe('1');
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.kept.route_only': 1 });
  });

  it('[OS7] nothing moves: a home that fails is answered for', async () => {
    await world.store(cart);
    dies(world, a);
    expect(codeOf(await get())).toEqual([503, 'route_only']);
    expect([pathIn(world), world.shards.calls]).toEqual([[a], []]);
  });

  it('[OS7] so is one that the pool does not have any more', async () => {
    const cookie = await world.cookie({ home: originId('z') });
    const response = await world.send({ headers: { cookie } });
    expect([...codeOf(response), await world.told(response)]).toEqual([503, 'route_only', undefined]);
    expect([pathIn(world), world.shards.calls]).toEqual([[], []]);
  });

  it('[OS7] nothing is stored, and the outcome says so', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-version': '8', 'limpet-state': 'e30' }));
    const response = await post();
    expect([response.status, world.shards.calls]).toEqual([200, []]);
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.unstored.route_only': 1 });
  });

  it('[OS7] a session whose home has lost its copy waits for the order’s end', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-need': 'state' }, { status: 409 }));
    expect(codeOf(await get())).toEqual([503, 'route_only']);
  });

  it('[OS7] who logs out gets another id, though the end is not stored', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-end': '1' }));
    const response = await post();
    expect((await world.told(response))?.session).not.toBe(session);
    expect(world.shards.calls).toEqual([]);
  });
});
