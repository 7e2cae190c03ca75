import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import type { ListedRow, ShardDesk } from '../../../worker/ports.ts';
import { createLimpetStates } from '../../../worker/stores/limpet-states.ts';
import { createPoolShards } from '../../../worker/stores/pool-states.ts';
import { createSharedDesk } from '../../../worker/stores/shared-desk.ts';
import { memoryShards, type MemoryShards } from '../memory-shards.ts';
import { a, createWorld, instance, session, sessionNo, startMs, type World } from '../visit.ts';

const [one, two] = [session, sessionNo(2)];
const limits = { expiresAt: startMs + 600_000, endsAt: startMs + 900_000 };
const row: ListedRow = {
  session: one,
  home: a,
  instance,
  epoch: 0,
  version: 1,
  claimedBy: '',
  stateBytes: 0,
  ...limits,
};
const subject = { subject: 'tag' as never, from: 0, endsAt: startMs + 900_000 };

let world: World;
/** What an operator's store has: other shards, in the part of it. */
let store: MemoryShards;
let map: ShardDesk;
let desk: ShardDesk;
const asked: string[] = [];

beforeEach(async () => {
  world = await createWorld();
  store = memoryShards(world.clock);
  asked.length = 0;
  map = {
    list: async () => ({ rows: [], cursor: undefined }),
    show: async () => ({ kind: 'none' }),
    end: async (id) => (asked.push(`end ${id}`), { kind: 'ended' }),
    residents: async () => ({ found: [], next: undefined }),
    handOver: async () => [],
    endSubject: async () => (asked.push('endSubject'), { found: [one], next: 7 }),
    exportSubject: async () => ({ found: [row, { ...row, session: two }], next: undefined }),
    eraseSubject: async () => (asked.push('eraseSubject'), { found: [one, two], next: undefined }),
  };
  desk = createSharedDesk(map, createLimpetStates(store));
  const bytes = new TextEncoder().encode('{"cart":[1]}');
  const wish = {
    expected: { epoch: 0, version: 0 },
    nonce: 'n',
    to: 'state',
    state: { bytes, seal: 's', epoch: 0 },
  } as const;
  await store.swap(one, { ...wish, assumed: { home: a, epoch: 0 }, limits });
});

describe('an operator’s word, where the states are in a store of the operator’s', () => {
  it('[XS46] an end ends the state there too, and before the map is told', async () => {
    expect(await desk.end(one, { endsAt: limits.endsAt, origins: [] })).toEqual({ kind: 'ended' });
    expect([store.slot(one).kind, asked]).toEqual(['ended', [`end ${one}`]]);
  });

  it('[XS46] so does the end of a subject, and its erasure', async () => {
    expect(await desk.endSubject('shard', subject)).toEqual({ found: [one], next: 7 });
    expect(store.slot(one).kind).toBe('ended');
    expect(await desk.eraseSubject('shard', subject)).toMatchObject({ found: [one, two] });
    expect(store.slot(two).kind).toBe('ended');
  });

  it('[XS46] an export has the states from there', async () => {
    const step = await desk.exportSubject('shard', subject);
    const states =
      'found' in step ? step.found.map(({ state, stateBytes }) => [state?.bytes.length, stateBytes]) : [];
    expect(states).toEqual([
      [12, 12],
      [undefined, 0],
    ]);
  });

  it('[XS46] without that store nothing is said to be done', async () => {
    store.goAway();
    const answers = await Promise.all([
      desk.end(one, { endsAt: limits.endsAt, origins: [] }),
      desk.endSubject('shard', subject),
      desk.eraseSubject('shard', subject),
      desk.exportSubject('shard', subject),
    ]);
    expect(answers.map((answer) => 'kind' in answer && answer.kind)).toEqual(Array(4).fill('unreachable'));
    expect(asked).toEqual([]);
  });

  it('[XS46] and the map, which would find nothing the next time, is told only when that store has ended them', async () => {
    store.goAway();
    await desk.endSubject('shard', subject);
    await desk.eraseSubject('shard', subject);
    expect(asked).toEqual([]);
    desk = createSharedDesk(map, createLimpetStates((store = memoryShards(world.clock))));
    expect(await desk.eraseSubject('shard', subject)).toMatchObject({ found: [one, two] });
    expect([store.slot(one).kind, store.slot(two).kind]).toEqual(['ended', 'ended']);
  });

  it('[XS49] a renewal is one of the state too, and is not done where that store does not answer', async () => {
    const { config } = (await createWorld({ pool: { session: { mode: 'external' } } })).pool;
    const policy = { ...config, session: { ...config.session, store: 'redis' } } as const;
    const states = createLimpetStates(store);
    const map = memoryShards(world.clock);
    const shards = createPoolShards(policy, map, states);
    const later = {
      assumed: { home: a, epoch: 0 },
      limits: { expiresAt: startMs + 800_000, endsAt: startMs + 900_000 },
    };
    expect(await shards.renew(one, later)).toMatchObject({ kind: 'row', row: { version: 0 } });
    expect([store.row(one)?.expiresAt, map.row(one)?.expiresAt]).toEqual([
      startMs + 800_000,
      startMs + 800_000,
    ]);
    store.goAway();
    expect(await shards.renew(one, later)).toMatchObject({ kind: 'unreachable' });
    expect(createPoolShards(config, map, states)).toBe(map);
  });

  it('[XS47] a put that says whose session it is labels the map, where operators look', async () => {
    world = await createWorld({ pool: { session: { mode: 'external' } } });
    await world.send({ headers: { cookie: await world.cookie() } });
    const { pool } = world;
    const policy = { ...pool.config.session, store: 'redis' } as const;
    const shared = {
      ...pool,
      config: { ...pool.config, session: policy },
      states: createLimpetStates(store),
    };
    const edge = { ...world.edge, pools: new Map([[pool.name, shared]]) };
    const authorization = `Bearer ${world.sent[0]?.headers.get('limpet-api')?.split(' ')[1]}`;
    const headers = { authorization, 'if-match': '"0.1"', 'limpet-subject': 'user-42' };
    const request = new Request(`https://shop.example.com/.limpet/sessions/${session}`, {
      method: 'PUT',
      headers,
      body: 'x',
    });
    expect((await answerOwnPath(request, edge)).status).toBe(200);
    expect(world.shards.row(session)).toMatchObject({
      home: a,
      version: 0,
      subject: await pool.keyring.subjectTag('user-42'),
    });
  });
});
