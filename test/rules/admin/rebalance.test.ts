import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import type { PoolInput } from '../../../worker/config/input.ts';
import type { OriginId, SessionId } from '../../../worker/core/ids.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';
import type { Edge } from '../../../worker/visit.ts';
import { a, b, createWorld, instance, reply, secrets, startMs, type World } from '../visit.ts';
import { type FakeDesk, fakeDesk } from './desk.ts';

const origins = ['a', 'b'].map((id) => ({ id, url: `http://${id}.internal:9000` }));
let world: World;
let edge: Edge;
let desk: FakeDesk;

async function start(pool: Partial<PoolInput> = {}): Promise<void> {
  desk = fakeDesk();
  world = await createWorld({ pool: { origins, session: { shards: 2 }, ...pool } });
  const pools = [...world.edge.pools].map(([name, one]) => [name, { ...one, desk }] as const);
  edge = { ...world.edge, pools: new Map(pools) };
  for (const origin of [a, b]) world.origins.set(origin, ({ headers }) => letsGo(namedIn(headers)));
}
beforeEach(() => start());

const letsGo = (released: readonly string[]) =>
  reply(JSON.stringify({ inFlight: 0, quietMs: 1, released }), { headers: { 'limpet-instance': instance } });
const namedIn = (headers: Headers) => (headers.get('limpet-control') ?? '').match(/[\w-]{29}(?=:)/g) ?? [];
const asked = () => world.sent.flatMap(({ headers }) => namedIn(headers));
const homes = () => desk.sessions.map(({ row }) => row.home);

/** Sessions of origin a, in both shards; of the first one nothing is stored. */
function living(count: number): SessionId[] {
  return Array.from({ length: count }, (_, at) => {
    const bits = new Uint8Array(16).fill(at + 1);
    const session = makeSessionId({ region: 'xx', generation: 0, number: at % 2 }, bits);
    const times = { expiresAt: startMs + 1_000, endsAt: startMs + 2_000 };
    const row = {
      session,
      home: a,
      instance,
      epoch: 1,
      version: at === 0 ? 0 : 7,
      claimedBy: '',
      stateBytes: 12,
    };
    desk.sessions.push({ row: { ...row, ...times } });
    return session;
  });
}

async function move(order: object, origin: OriginId = a) {
  const request = new Request(`https://shop.example.com/.limpet/admin/origins/${origin}/move`, {
    method: 'POST',
    body: JSON.stringify({ to: 'b', count: 400, ...order }),
    headers: { authorization: `Bearer ${secrets.adminToken}` },
  });
  const response = await answerOwnPath(request, edge);
  return { status: response.status, said: (await response.json()) as Record<string, unknown> };
}

describe('sessions are moved to an origin that has fewer', () => {
  it('[BA3] those that home lets go of, with their data; of which nothing is stored stays, and is not asked for', async () => {
    const sessions = living(6);
    world.origins.set(a, ({ headers }) => letsGo(namedIn(headers).filter((name) => name !== sessions[3])));
    expect(await move({})).toMatchObject({ status: 200, said: { moved: 4, to: 'b' } });
    expect(homes()).toEqual([a, b, b, a, b, b]);
    expect(asked()).not.toContain(sessions[0]);
  });

  it('[BA3] so many at most, no others are asked for, and the cursor goes on', async () => {
    living(9);
    const first = await move({ count: 3 });
    expect([first.said['moved'], asked().length]).toEqual([3, 3]);
    const second = await move({ count: 400, cursor: first.said['cursor'] });
    expect([second.said['moved'], second.said['cursor']]).toEqual([5, undefined]);
    expect(homes()).toEqual([a, ...Array.from({ length: 8 }, () => b)]);
  });

  it('[BA3] who does not let go is passed over', async () => {
    const sessions = living(9);
    const [, one, two] = sessions.filter((_, at) => at % 2 === 1);
    world.origins.set(a, ({ headers }) =>
      letsGo(namedIn(headers).filter((name) => name !== one && name !== two)),
    );
    expect((await move({ count: 2 })).said['moved']).toBe(2);
    expect(homes().filter((home) => home === b)).toHaveLength(2);
  });

  it('[BA3] what the origins keep in a store of their own moves unasked', async () => {
    await start({ session: { shards: 2, mode: 'external' } });
    living(4);
    expect((await move({})).said['moved']).toBe(4);
    expect(world.sent).toEqual([]);
  });

  it.each([
    ['count', { count: 0 }, 400, 'malformed'],
    ['count', { count: 401 }, 400, 'malformed'],
    ['itself', { to: 'a' }, 409, 'not_open'],
    ['nobody', { to: 'z' }, 409, 'not_open'],
    ['cursor', { cursor: 'somewhere' }, 400, 'malformed'],
  ])('[BA4] a wrong order (%s) moves nobody', async (_what, order, status, code) => {
    living(3);
    expect(await move(order)).toMatchObject({ status, said: { code } });
    expect([homes(), world.sent]).toEqual([[a, a, a], []]);
  });

  it('[BA4] only between origins that serve as usual', async () => {
    living(3);
    world.standing(b, { health: 'down' });
    expect((await move({})).said['code']).toBe('not_open');
    world.standing(b, { health: 'up', state: 'draining', until: startMs + 9_000 });
    expect((await move({})).said['code']).toBe('not_open');
    world.standing(a, { health: 'down' });
    expect((await move({})).said['code']).toBe('origin_not_up');
    world.routeOnly = true;
    expect((await move({})).said['code']).toBe('route_only');
    expect(homes()).toEqual([a, a, a]);
  });

  it('[BA4] never where a move would lose the data', async () => {
    await start({ session: { shards: 2, mode: 'local' } });
    living(3);
    expect((await move({})).said['code']).toBe('not_stored');
  });

  it('[BA4] a shard that does not answer is named', async () => {
    living(4);
    desk.away.add('xx00001');
    expect(await move({})).toMatchObject({ status: 503, said: { code: 'store_unreachable' } });
  });
});
