import { describe, expect, it } from 'vitest';
import type { SessionId } from '../../worker/core/ids.ts';
import { a, b, newShard, one, two, toClaim, toStore } from './shard-world.ts';

const shardKey = 'xx00001';

/** Everybody who lives on an origin, in steps of about so many. */
async function all({ shard, pool }: ReturnType<typeof newShard>, origin = a, limit = 100) {
  const found: { session: SessionId; epoch: number; version: number }[] = [];
  let from: number | undefined = 0;
  while (from !== undefined) {
    const step = (await shard.residents(pool, shardKey, { origin, from, limit })) as {
      found: typeof found;
      next: number | undefined;
    };
    found.push(...step.found);
    from = step.next;
  }
  return found;
}

async function stored({ shard, pool, newSession }: ReturnType<typeof newShard>, count: number) {
  const sessions = Array.from({ length: count }, newSession);
  await Promise.all(sessions.map((session) => shard.put(pool, session, toStore(3, 'state'))));
  return sessions;
}

describe('who lives on an origin', () => {
  it('[DN7] is found once each, in bounded steps, with epoch and version, before and after a fold', async () => {
    const world = newShard();
    const sessions = await stored(world, 40);
    await world.shard.claim(world.pool, sessions[0] as SessionId, toClaim(0));
    const living = sessions.slice(1).sort();
    expect((await all(world, a, 5)).map(({ session }) => session).sort()).toEqual(living);
    await world.shard.fold();
    expect((await all(world)).map(({ session }) => session).sort()).toEqual(living);
    expect(await all(world, b)).toEqual([{ session: sessions[0], epoch: 1, version: 3 }]);
  });

  it('[DN7] is handed over with one claim each, but not when something has become of it meanwhile', async () => {
    const world = newShard();
    const [first, second, third] = (await stored(world, 3)) as [SessionId, SessionId, SessionId];
    await world.shard.claim(world.pool, second, toClaim(0, { home: a }));
    const moves = [first, second, third].map((session) => ({ session, epoch: 0, home: b }));
    const claimed = await world.shard.handOver(world.pool, { moves, nonce: 'a nonce' });
    expect([...claimed].sort()).toEqual([first, third].sort());
    expect([...(await world.shard.handOver(world.pool, { moves, nonce: 'a nonce' }))].sort()).toEqual(
      [first, third].sort(),
    );
    expect(await world.shard.locate(world.pool, first)).toMatchObject({
      row: { home: b, epoch: 1, version: 3 },
    });
    expect((await all(world)).map(({ session }) => session)).toEqual([second]);
  });

  it('[DN8] a put that the claim has overtaken is in what was handed over: superseded, not fenced', async () => {
    const world = newShard();
    const [session] = (await stored(world, 1)) as [SessionId];
    await world.shard.claim(world.pool, session, toClaim(0));
    const put = (version: number, other: object = {}) =>
      world.shard.put(world.pool, session, toStore(version, 'late', other));
    expect(await put(2)).toMatchObject({ kind: 'superseded', row: { home: b, epoch: 1 } });
    expect(await put(3)).toMatchObject({ kind: 'superseded' });
    expect(await put(4)).toMatchObject({ kind: 'fenced' });
    expect(await put(2, { instance: two })).toMatchObject({ kind: 'fenced' });
    await world.shard.claim(world.pool, session, toClaim(1, { home: a, nonce: 'back' }));
    expect(await put(2, { instance: one })).toMatchObject({ kind: 'fenced' });
  });
});
