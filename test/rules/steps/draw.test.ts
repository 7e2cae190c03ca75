import { beforeEach, describe, expect, it } from 'vitest';
import { parseSessionId, shardOf } from '../../../worker/core/session-id.ts';
import { draw, drawSiblingId } from '../../../worker/steps/draw.ts';
import { a, b, c, createWorld, session, startMs, type World } from '../visit.ts';

const browser = { 'cf-connecting-ip': '192.0.2.7', 'user-agent': 'Firefox' };
let world: World;

beforeEach(async () => {
  world = await createWorld();
});

async function drawn(headers: Record<string, string> = browser) {
  const seat = await draw(await world.visit({ headers }), { kind: 'new', reason: 'first_visit' });
  if (seat.kind !== 'session') throw new Error(`Cannot go on with ${seat.kind}`);
  return seat;
}

describe('a first visit', () => {
  it('[FV1] the parallel requests of a first page agree on one home, each under an id of its own', async () => {
    const seats = await Promise.all(Array.from({ length: 20 }, () => drawn()));
    expect(new Set(seats.map(({ home }) => home)).size).toBe(1);
    expect(new Set(seats.map((seat) => seat.session)).size).toBe(20);
    expect(world.shards.calls).toEqual([]);
  });

  it('[FV2] a crowd behind one address spreads: by user agent, and by ten seconds', async () => {
    const agents = await Promise.all(
      Array.from({ length: 60 }, (_, at) => drawn({ ...browser, 'user-agent': `Firefox ${at}` })),
    );
    expect(new Set(agents.map(({ home }) => home))).toEqual(new Set([a, b, c]));
    const later: string[] = [];
    for (let bucket = 0; bucket < 60; bucket++) {
      await world.clock.pass(10_000);
      later.push((await drawn()).home);
    }
    expect(new Set(later)).toEqual(new Set([a, b, c]));
  });

  it('[FV3] begins at epoch 0, now, with nothing that could exist yet', async () => {
    expect(await drawn()).toMatchObject({
      epoch: 0,
      by: 'cookie',
      startedS: startMs / 1000,
      renewedS: startMs / 1000,
      carried: { kind: 'new' },
      outcome: 'assigned',
      reason: 'first_visit',
    });
  });

  it('[FV4] goes to no origin that failed this request, that is suspect or down, or that has weight 0', async () => {
    world = await createWorld({
      pool: {
        origins: [
          ...['a', 'b', 'c'].map((id) => ({ id, url: `http://${id}.internal` })),
          { id: 'd', url: 'http://d.internal', weight: 0 },
        ],
      },
    });
    world.standing(a, { health: 'down' });
    world.pool.suspicions.suspect(b, startMs);
    expect((await drawn()).home).toBe(c);
    const visit = await world.visit({ headers: browser });
    visit.trail.failed.add(c);
    expect(await draw(visit, { kind: 'new', reason: 'first_visit' })).toMatchObject({
      kind: 'refusal',
      code: 'no_origin',
      status: 503,
    });
  });

  it('[FV5] draws an id in one of the pool’s shards', async () => {
    world = await createWorld({ pool: { session: { shards: 3, region: 'eu', generation: 37 } } });
    const seats = await Promise.all(Array.from({ length: 30 }, () => drawn()));
    expect([...new Set(seats.map((seat) => shardOf(seat.session)))].sort()).toEqual([
      'eu11000',
      'eu11001',
      'eu11002',
    ]);
  });

  it('[FV6] a sibling id is another id of the same shard', async () => {
    const sibling = drawSiblingId(await world.visit(), session);
    expect(parseSessionId(sibling)).toBe(sibling);
    expect(sibling).not.toBe(session);
    expect(shardOf(sibling)).toBe(shardOf(session));
  });
});
