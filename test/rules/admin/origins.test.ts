import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import { sweepDrains } from '../../../worker/admin/drain.ts';
import { unprobed } from '../../../worker/core/health.ts';
import { originId, poolName, type SessionId } from '../../../worker/core/ids.ts';
import { nothingOrdered, type Operation, type Order } from '../../../worker/core/operation.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';
import type { Edge, Pool } from '../../../worker/visit.ts';
import { a, b, createWorld, instance, reply, secrets, startMs, type World } from '../visit.ts';
import { type FakeDesk, fakeDesk } from './desk.ts';

const origins = ['a', 'b'].map((id) => ({ id, url: `http://${id}.internal:9000` }));
let world: World;
let edge: Edge;
let desk: FakeDesk;
let orders: Order[];

beforeEach(async () => {
  orders = [];
  desk = fakeDesk();
  world = await createWorld({ pool: { origins, session: { shards: 2 } } });
  world.status = statusOf({});
  const order = async (one: Order) => {
    orders.push(one);
    return { kind: 'ordered', said: 'changed', version: 2 } as const;
  };
  const pools = [...world.edge.pools].map(([name, pool]) => [name, { ...pool, desk, order }] as const);
  edge = { ...world.edge, pools: new Map(pools) };
});

function statusOf(orders: Record<string, Partial<Operation>>) {
  const times = { alarmAt: undefined, askedAt: startMs };
  const told = [a, b].map((id) => ({
    id,
    url: `http://${id}.internal:9000`,
    ...unprobed(startMs),
    operation: { ...nothingOrdered, ...orders[id] },
  }));
  return { version: 7, revision: 1, ...times, routeOnly: 'off' as const, origins: told };
}

async function ask(path: string, order?: unknown, token = secrets.adminToken) {
  const init =
    order === undefined
      ? {}
      : { method: 'POST', body: typeof order === 'string' ? order : JSON.stringify(order) };
  const headers = { authorization: `Bearer ${token}` };
  const request = new Request(`https://shop.example.com/.limpet/admin/${path}`, { ...init, headers });
  const response = await answerOwnPath(request, edge);
  return { status: response.status, said: (await response.json()) as Record<string, unknown> };
}

/** Sessions of origin a, in both shards. */
function living(count: number, home = a): SessionId[] {
  return Array.from({ length: count }, (_, at) => {
    const session = makeSessionId(
      { region: 'xx', generation: 0, number: at % 2 },
      new Uint8Array(16).fill(at + 1),
    );
    const times = { expiresAt: startMs + 1_000, endsAt: startMs + 2_000 };
    desk.sessions.push({
      row: {
        session,
        home,
        instance,
        epoch: 1,
        version: at === 0 ? 0 : 7,
        claimedBy: '',
        stateBytes: 12,
        ...times,
      },
    });
    return session;
  });
}

const guest = originId('web-1');

/** An origin has registered itself besides. */
function withGuest(): void {
  const asOf = (pool: Pool): Pool => {
    const known = pool.origins.get(a);
    if (known === undefined || pool.origins.has(guest)) return pool;
    return { ...pool, origins: new Map([...pool.origins, [guest, { ...known, id: guest, weight: 3 }]]) };
  };
  const membership = { prepare: async () => undefined, asOf };
  edge = { ...edge, pools: new Map([...edge.pools].map(([name, pool]) => [name, { ...pool, membership }])) };
  if ('kind' in world.status) return;
  const url = 'http://web-1.internal:9000';
  const told = { id: guest, url, ...unprobed(startMs), operation: nothingOrdered };
  world.status = { ...world.status, origins: [...world.status.origins, told] };
}

describe('orders', () => {
  it.each([
    ['drain', 'draining'],
    ['activate', 'active'],
    ['down', 'down'],
    ['disable', 'disabled'],
  ])('[VB1] %s orders that state of the origin, and answers with what is', async (verb, state) => {
    world.status = statusOf({ a: { state: 'draining', since: startMs - 5, until: startMs + 9 } });
    const { status, said } = await ask(`origins/a/${verb}`, { deadlineMs: 9_000 });
    expect(status).toBe(200);
    expect(orders).toEqual([{ kind: 'state', origin: a, state, by: 'operator', deadlineMs: 9_000 }]);
    expect(said).toMatchObject({
      pool: 'shop',
      origin: 'a',
      state: 'draining',
      stateMs: 5,
      until: startMs + 9,
      weight: 1,
    });
  });

  it('[VB1] a drain without a deadline has the pool’s; weight and route-only are ordered', async () => {
    await ask('origins/a/drain', {});
    await ask('origins/a/weight', { weight: 0 });
    await ask('origins/a/weight', { weight: 'configured' });
    await ask('pools/shop/route-only', { to: 'on' });
    expect(orders).toMatchObject([
      { deadlineMs: 1_800_000 },
      { kind: 'weight', weight: 0 },
      { kind: 'weight', weight: 'configured' },
      { kind: 'route-only', to: 'on' },
    ]);
  });

  it.each([
    ['origins/z/drain', {}, 404, 'unknown_origin', 'Wanted one of the origins a, b, found "z".'],
    ['origins/a/drain', { pool: 'blog' }, 404, 'unknown_pool', 'Wanted one of the pools shop, found "blog".'],
    [
      'origins/a/drain',
      { deadlineMs: 'soon' },
      400,
      'malformed',
      'deadlineMs: wanted whole milliseconds, found "soon".',
    ],
    [
      'origins/a/weight',
      { weight: 1_001 },
      400,
      'malformed',
      'weight: wanted a whole number from 0 to 1000, or "configured", found 1001.',
    ],
    ['pools/shop/route-only', { to: 'maybe' }, 400, 'malformed', 'to: wanted "on" or "off", found "maybe".'],
    [
      'pools/blog/route-only',
      { to: 'on' },
      404,
      'unknown_pool',
      'Wanted one of the pools shop, found "blog".',
    ],
    ['origins/a/drain', 'no json', 400, 'malformed', 'Wanted a body of JSON: {} at least.'],
  ])('[VB2] %s %j is %i %s, and nothing is ordered', async (path, order, status, code, message) => {
    expect(await ask(path, order)).toEqual({ status, said: { code, message } });
    expect(orders).toEqual([]);
  });

  it('[VB2] nobody else would take new sessions: refused', async () => {
    world.status = statusOf({ b: { weight: 0 } });
    const { status, said } = await ask('origins/a/down', {});
    expect([status, said['code'], orders]).toEqual([409, 'no_other_origin', []]);
  });

  it('[VB2] an origin that two pools have needs its pool', async () => {
    const [pool] = [...edge.pools.values()];
    if (pool === undefined) throw new Error('no pool');
    edge = {
      ...edge,
      pools: new Map([...edge.pools, [poolName('blog'), { ...pool, name: poolName('blog') }]]),
    };
    expect((await ask('origins/a/drain', {})).said['code']).toBe('pool_needed');
    expect((await ask('origins/a/drain', { pool: 'blog' })).status).toBe(200);
  });

  it('[VB2] the monitor does not answer: 503, and nothing is said to be done', async () => {
    world.status = { kind: 'unreachable', why: 'the test says so' };
    expect(await ask('origins/a/drain', {})).toMatchObject({
      status: 503,
      said: { code: 'monitor_unreachable' },
    });
  });

  it('[VB3] the read token shows everything, and orders nothing', async () => {
    expect((await ask('origins', undefined, secrets.readToken)).status).toBe(200);
    expect((await ask('status', undefined, secrets.readToken)).status).toBe(200);
    for (const path of ['origins/a/drain', 'origins/a/sweep', 'sessions/x/end', 'pools/shop/route-only'])
      expect(await ask(path, {}, secrets.readToken)).toMatchObject({
        status: 403,
        said: { code: 'forbidden' },
      });
    expect(orders).toEqual([]);
    edge = { ...edge, readToken: '' };
    expect((await ask('origins', undefined, '')).status).toBe(401);
  });

  it.each(['origins', 'status'])(
    '[VB1] %s tells the weight that a registered origin has asked for',
    async (path) => {
      withGuest();
      const pools = (await ask(path)).said['pools'];
      expect(pools).toMatchObject([{ origins: [{}, {}, { id: guest, weight: 3, configuredWeight: 3 }] }]);
    },
  );

  it('[VB2] a name that is not well written is unknown', async () => {
    expect(await ask('origins/%zz/drain', {})).toMatchObject({
      status: 404,
      said: { code: 'unknown_origin' },
    });
  });

  it('[VB1] origins tells state, weight and health of each', async () => {
    world.status = statusOf({
      a: { state: 'draining', by: 'origin', since: startMs - 7, until: startMs + 1 },
      b: { weight: 9 },
    });
    expect((await ask('origins')).said).toMatchObject({
      pools: [
        {
          pool: 'shop',
          routeOnly: 'off',
          origins: [
            {
              id: 'a',
              state: 'draining',
              by: 'origin',
              stateMs: 7,
              until: startMs + 1,
              weight: 1,
              health: 'up',
            },
            { id: 'b', state: 'active', weight: 9, configuredWeight: 1 },
          ],
        },
      ],
    });
  });
});

describe('a sweep', () => {
  const draining = () => world.standing(a, { state: 'draining', until: startMs + 60_000 });
  const account = (said: object) => reply(JSON.stringify(said), { headers: { 'limpet-instance': instance } });

  it('[DN7] moves what home has let go of, and leaves the rest', async () => {
    draining();
    const sessions = living(6);
    world.origins.set(a, ({ headers }) => {
      const named = (headers.get('limpet-control') ?? '')
        .replace('release ', '')
        .split(',')
        .map((part) => part.slice(0, 29));
      return account({ inFlight: 1, quietMs: 0, released: named.filter((name) => name !== sessions[1]) });
    });
    expect((await ask('origins/a/sweep', { count: true })).said).toMatchObject({
      moved: 0,
      left: 6,
      withoutData: 1,
    });
    expect(world.sent).toEqual([]);
    expect((await ask('origins/a/sweep', {})).said).toMatchObject({ moved: 5, left: 1, withoutData: 0 });
    expect(desk.sessions.filter(({ row }) => row.home === a).map(({ row }) => row.session)).toEqual([
      sessions[1],
    ]);
    expect(world.sent[0]?.headers.get('limpet-control')).toMatch(/^release xx00000[^:]{22}:1:[07],/);
  });

  it.each([
    ['does not speak the contract', () => reply('hello')],
    ['does not answer', () => Promise.reject(new TypeError('refused'))],
  ])('[DN7] an origin that %s keeps its sessions until the deadline', async (_what, answer) => {
    draining();
    living(3);
    world.origins.set(a, answer);
    expect((await ask('origins/a/sweep', {})).said).toMatchObject({ moved: 0, left: 3, withoutData: 1 });
    world.standing(a, { state: 'draining', until: startMs });
    expect((await ask('origins/a/sweep', {})).said).toMatchObject({ moved: 3, left: 0 });
  });

  it('[DN7] an origin that is not being drained keeps its sessions', async () => {
    living(3);
    expect((await ask('origins/a/sweep', {})).said).toMatchObject({ moved: 0, left: 3 });
    expect(world.sent).toEqual([]);
  });

  it('[DN7] nor does one of a pool whose origins share a store', async () => {
    const pools = [...edge.pools].map(([name, pool]) => {
      const session = { ...pool.config.session, mode: 'external' } as const;
      return [name, { ...pool, config: { ...pool.config, session } }] as const;
    });
    edge = { ...edge, pools: new Map(pools) };
    living(3);
    expect((await ask('origins/a/sweep', {})).said).toMatchObject({ moved: 0, left: 3 });
    draining();
    expect((await ask('origins/a/sweep', {})).said).toMatchObject({ moved: 3, left: 0 });
  });

  it('[DN7] with the kill switch on nothing moves, and home is not asked for anything', async () => {
    draining();
    living(3);
    world.routeOnly = true;
    expect((await ask('origins/a/sweep', {})).said).toMatchObject({ moved: 0, left: 3 });
    await sweepDrains(edge);
    world.standing(a, { state: 'draining', until: startMs });
    expect((await ask('origins/a/sweep', {})).said).toMatchObject({ moved: 0, left: 3 });
    expect(world.sent).toEqual([]);
  });

  it('[DN7] the cron sweeps one that has registered itself too', async () => {
    withGuest();
    living(4, guest);
    world.standing(guest, { state: 'draining', until: startMs });
    await sweepDrains(edge);
    expect(desk.sessions.filter(({ row }) => row.home === guest)).toEqual([]);
  });

  it('[DN7] a cursor of something else is refused: nobody would be found, and all be thought to have gone', async () => {
    draining();
    living(3);
    expect(await ask('origins/a/sweep', { cursor: 'shop~xx00000~xx00000djo5l' })).toMatchObject({
      status: 400,
      said: { code: 'malformed' },
    });
  });

  it('[DN7] a shard that does not answer is named', async () => {
    draining();
    desk.away.add('xx00001');
    expect(await ask('origins/a/sweep', {})).toMatchObject({
      status: 503,
      said: { code: 'store_unreachable' },
    });
  });

  it('[DN7] the cron sweeps drains that nobody waits for', async () => {
    draining();
    living(4);
    world.origins.set(a, ({ headers }) =>
      account({
        inFlight: 0,
        quietMs: 1,
        released: (headers.get('limpet-control') ?? '').match(/[\w-]{29}(?=:)/g) ?? [],
      }),
    );
    await sweepDrains(edge);
    expect(desk.sessions.map(({ row }) => row.home)).toEqual([b, b, b, b]);
  });

  it('[DN4] the account is home’s own word, where there is one', async () => {
    world.status = statusOf({ a: { state: 'draining', since: startMs - 3_000, until: startMs - 61_000 } });
    world.origins.set(a, () => account({ inFlight: 2, quietMs: 0 }));
    expect((await ask('origins/a/account')).said).toMatchObject({
      state: 'draining',
      orderedMs: 3_000,
      isLong: 'yes',
      account: { inFlight: 2, quietMs: 0 },
    });
    world.origins.set(a, () => reply('hello'));
    expect((await ask('origins/a/account')).said).toMatchObject({ account: 'unknown' });
  });
});
