import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import { poolName, type SessionId } from '../../../worker/core/ids.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';
import type { ListedRow } from '../../../worker/ports.ts';
import type { Edge } from '../../../worker/visit.ts';
import { a, createWorld, instance, secrets, startMs, type World } from '../visit.ts';
import { type FakeDesk, fakeDesk } from './desk.ts';

const [absoluteMs, shards] = [43_200_000, 4];
const origins = ['a', 'b'].map((id) => ({ id, url: `http://${id}.internal:9000` }));
const pool = { origins, session: { shards } };

let world: World;
let edge: Edge;
let shop: FakeDesk;
let blog: FakeDesk;

beforeEach(async () => {
  const routes = [
    { match: 'blog.example.com/*', pool: 'blog' },
    { match: '/*', pool: 'shop' },
  ];
  world = await createWorld({ config: { pools: { shop: pool, blog: pool }, routes } });
  [shop, blog] = [fakeDesk(), fakeDesk()];
  const pools = [...world.edge.pools].map(
    ([name, one]) => [name, { ...one, desk: name === 'shop' ? shop : blog }] as const,
  );
  edge = { ...world.edge, pools: new Map(pools) };
});

function sessionIn(number: number, fill: number): SessionId {
  return makeSessionId({ region: 'xx', generation: 0, number }, new Uint8Array(16).fill(fill));
}

function rowOf(session: SessionId): ListedRow {
  const times = { expiresAt: startMs + 1_000, endsAt: startMs + 2_000 };
  return {
    session,
    home: a,
    instance,
    epoch: 1,
    version: 7,
    claimedBy: 'secret nonce',
    stateBytes: 12,
    ...times,
  };
}

async function ask(path: string, order?: unknown) {
  const init =
    order === undefined
      ? {}
      : { method: 'POST', body: typeof order === 'string' ? order : JSON.stringify(order) };
  const request = new Request(`https://shop.example.com/.limpet/admin/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${secrets.adminToken}` },
  });
  const response = await answerOwnPath(request, edge);
  const said: Record<string, unknown> = await response.json();
  return {
    status: response.status,
    code: response.headers.get('limpet-code'),
    cache: response.headers.get('cache-control'),
    said,
  };
}

/** Everything, answer by answer. */
async function all(name: string, next: (cursor: string | undefined) => ReturnType<typeof ask>) {
  const found: Record<string, unknown>[] = [];
  let answers = 0;
  let cursor: string | undefined;
  do {
    const { status, said } = await next(cursor);
    expect([status, said['version']]).toEqual([200, 1]);
    found.push(...(said[name] as Record<string, unknown>[]));
    cursor = said['cursor'] as string | undefined;
    answers += 1;
  } while (cursor !== undefined);
  return { found, answers };
}

describe('the list of sessions', () => {
  it.each([1, 2, 3, 1_000])(
    '[OP2] has each session of each shard and pool once, %i at a time',
    async (limit) => {
      const numbers = [0, 0, 0, 2, 3, 3];
      const sessions = numbers.map((number, at) => sessionIn(number, at + 1));
      for (const session of sessions) shop.sessions.push({ row: rowOf(session) });
      blog.sessions.push({ row: rowOf(sessionIn(1, 77)) });
      const { found } = await all('sessions', (cursor) => {
        const query = new URLSearchParams({
          limit: String(limit),
          full: '1',
          ...(cursor === undefined ? {} : { cursor }),
        });
        return ask(`sessions?${query}`);
      });
      expect(found.map(({ pool: name, session }) => [name, session])).toEqual([
        ...sessions.map((session) => ['shop', session]),
        ['blog', sessionIn(1, 77)],
      ]);
    },
  );

  it('[OP2] says what the map knows, never the state, and shortens the ids', async () => {
    shop.sessions.push({ row: rowOf(sessionIn(0, 1)) });
    const { said, cache } = await ask('sessions?pool=shop');
    expect(said).toEqual({
      version: 1,
      sessions: [
        {
          pool: 'shop',
          session: 'xx00000AQEBA\u2026',
          home: 'a',
          epoch: 1,
          version: 7,
          stateBytes: 12,
          labelled: false,
          expiresAt: startMs + 1_000,
          endsAt: startMs + 2_000,
        },
      ],
    });
    expect(cache).toBe('no-store');
  });

  it('[OP2] of a pool with learned keys looks at their shards too, a bounded number per answer', async () => {
    const affinity = ['header:mcp-session-id', 'cookie'] as const;
    world = await createWorld({ pool: { affinity: affinity.map((by) => ({ by })) } });
    edge = { ...world.edge, pools: new Map([[poolName('shop'), { ...world.pool, desk: shop }]]) };
    shop.sessions.push({ row: rowOf(sessionIn(255, 1)) });
    const { found, answers } = await all('sessions', (cursor) => ask(`sessions?cursor=${cursor ?? ''}`));
    expect([found.length, answers, new Set(shop.asked).size]).toEqual([1, 8, 256]);
  });

  it.each([
    ['sessions?pool=shopp', 404, 'unknown_pool'],
    ['sessions?cursor=shop~xx00099~', 400, 'malformed'],
    ['sessions?cursor=nonsense', 400, 'malformed'],
    ['sessions/nonsense', 400, 'malformed'],
    [`sessions/${'x'.repeat(29)}`, 404, 'no_session'],
  ])('[OP3] %s: %i %s', async (path, status, code) => {
    expect(await ask(path)).toMatchObject({ status, code });
  });

  it('[OP10] says which shard did not answer', async () => {
    shop.away.add('xx00002');
    const { status, code, said } = await ask('sessions');
    expect([status, code, said['message']]).toEqual([
      503,
      'store_unreachable',
      'The shard xx00002 of pool shop did not answer: the test says so.',
    ]);
  });
});

describe('one session', () => {
  const session = sessionIn(1, 5);

  it('[OP3] is shown, found in whichever pool has it', async () => {
    blog.sessions.push({ row: rowOf(session) });
    expect((await ask(`sessions/${session}`)).said).toMatchObject({
      version: 1,
      session: { pool: 'blog', session, home: 'a', epoch: 1, version: 7 },
    });
  });

  it('[OP4] is ended until any cookie of it has run out', async () => {
    blog.sessions.push({ row: rowOf(session) });
    const { said } = await ask(`sessions/${session}/end`, {});
    expect(said).toEqual({ version: 1, pool: 'blog', session, ended: true, was: 'stored' });
    expect([shop.ended, blog.ended]).toEqual([
      [],
      [{ session, endsAt: startMs + absoluteMs, origins: ['a', 'b'] }],
    ]);
    expect((await ask(`sessions/${session}`)).said).toMatchObject({ session: { session, ended: true } });
  });

  it('[OP4] that no pool has a row of is ended in the pool that is named', async () => {
    expect(await ask(`sessions/${session}/end`, {})).toMatchObject({ status: 400, code: 'pool_needed' });
    expect((await ask(`sessions/${session}/end?pool=shop`, {})).said).toMatchObject({
      pool: 'shop',
      was: 'none',
    });
    expect(shop.ended).toHaveLength(1);
  });

  it('[OP10] is not said to be ended when its shard did not answer', async () => {
    shop.away.add('xx00001');
    expect(await ask(`sessions/${session}/end?pool=shop`, {})).toMatchObject({
      status: 503,
      code: 'store_unreachable',
    });
  });
});

describe('the sessions of a subject', () => {
  const [mine, theirs] = [sessionIn(0, 1), sessionIn(0, 2)];

  beforeEach(async () => {
    for (const [name, desk] of [
      ['shop', shop],
      ['blog', blog],
    ] as const) {
      const { keyring } = edge.pools.get(poolName(name)) ?? world.pool;
      const [subject, other] = [await keyring.subjectTag('user-42'), await keyring.subjectTag('user-43')];
      const bytes = new TextEncoder().encode('{"cart":"\u00fc?>"}');
      const state = { bytes, epoch: 1, seal: await keyring.sealState(mine, 1, bytes) };
      desk.sessions.push(
        { row: { ...rowOf(mine), subject }, state },
        { row: { ...rowOf(theirs), subject: other } },
      );
    }
  });

  it('[SB7] are ended in all pools, or in the one that is named', async () => {
    expect((await ask('subject/end', { subject: 'user-42', pool: 'blog' })).said).toEqual({
      version: 1,
      count: 1,
      sessions: [],
    });
    expect([shop.ended.length, blog.ended.length]).toEqual([0, 1]);
    await ask('subject/end', { subject: 'user-42' });
    expect(shop.ended).toEqual([{ session: mine, endsAt: startMs + absoluteMs, origins: [] }]);
  });

  it('[SB8] are exported with their states, as base64', async () => {
    const { found } = await all('sessions', (cursor) =>
      ask('subject/export', { subject: 'user-42', cursor, full: true }),
    );
    expect(
      found.map(({ pool: name, session, state }) => [
        name,
        session,
        Buffer.from(String(state), 'base64').toString(),
      ]),
    ).toEqual([
      ['shop', mine, '{"cart":"\u00fc?>"}'],
      ['blog', mine, '{"cart":"\u00fc?>"}'],
    ]);
    expect(found[0]?.['state']).toMatch(/^[A-Za-z0-9+/]+=*$/);
  });

  it('[SB8] without a state that somebody has changed', async () => {
    const [first] = shop.sessions;
    if (first?.state !== undefined) Object.assign(first.state, { seal: 'A'.repeat(22) });
    const { said } = await ask('subject/export', { subject: 'user-42', pool: 'shop' });
    expect(said['sessions']).toMatchObject([
      { state: null, problem: 'the seal does not fit the stored state' },
    ]);
  });

  it('[SB9] are erased, and so is what the list of lost writes says of them', async () => {
    const write = { at: 1, why: 'session_moved', told: 'refused', method: 'POST', path: '/' } as const;
    world.lost = [mine, theirs].map((session) => ({ ...write, session }));
    expect((await ask('subject/erase', { subject: 'user-42', pool: 'shop' })).said).toMatchObject({
      count: 1,
    });
    expect([shop.erased, world.lost.map(({ session }) => session)]).toEqual([[mine], [theirs]]);
  });

  it('[SB6] are searched a bounded number of steps per answer', async () => {
    for (let fill = 3; fill < 40; fill++) shop.sessions.push({ row: rowOf(sessionIn(0, fill)) });
    const first = await ask('subject/end', { subject: 'user-43', pool: 'shop' });
    expect(first.said).toEqual({ version: 1, count: 1, sessions: [], cursor: 'shop~xx00000~32' });
    const rest = await ask('subject/end', { subject: 'user-43', pool: 'shop', cursor: first.said['cursor'] });
    expect(rest.said).toEqual({ version: 1, count: 0, sessions: [] });
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '{}',
    '{"subject":42}',
    '{"subject":"user 42"}',
    `{"subject":"${'x'.repeat(5_000)}"}`,
    '{"subject":"user-42","cursor":"shop~xx00000~soon"}',
  ])('[OP3] %j is no order', async (order) => {
    expect(await ask('subject/erase', order)).toMatchObject({ status: 400, code: 'malformed' });
    expect(shop.erased).toEqual([]);
  });

  it('[OP10] are not said to be erased when a shard did not answer', async () => {
    shop.away.add('xx00003');
    expect(await ask('subject/erase', { subject: 'user-42' })).toMatchObject({
      status: 503,
      code: 'store_unreachable',
    });
  });
});

describe('the list of lost writes', () => {
  it('[OP7] names session, time, cause and request, per pool', async () => {
    const write = { at: 1, why: 'session_moved', told: 'refused', method: 'POST', path: '/cart' } as const;
    world.lost = [{ ...write, session: sessionIn(0, 1) }];
    const { said } = await ask('lost?pool=shop');
    expect(said).toEqual({
      version: 1,
      pools: [{ pool: 'shop', writes: [{ ...write, session: 'xx00000AQEBA\u2026' }] }],
    });
    expect((await ask('lost?pool=shop&full=1')).said).toMatchObject({
      pools: [{ writes: [{ session: sessionIn(0, 1) }] }],
    });
  });

  it('[OP10] says so when the monitor does not answer', async () => {
    expect((await ask('lost?pool=blog')).said).toMatchObject({
      pools: [{ pool: 'blog', unreachable: expect.any(String), writes: [] }],
    });
  });
});
