import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { poolName, type SessionId } from '../../worker/core/ids.ts';
import { type Replication, replicaName } from '../../worker/core/replication.ts';
import { eventually } from './eventually.ts';
import { newShard, textOf, toStore } from './shard-world.ts';

const anywhere = { region: '', jurisdiction: '' };

export function copied(replicas: number, durability: Replication['durability'] = 'primary'): Replication {
  return { revision: 1, durability, places: Array.from({ length: replicas }, () => anywhere) };
}

/** A shard of a pool that no other test knows, and its replicas. */
export function newReplicated() {
  const world = newShard();
  const { pool, newSession, stub } = world;
  const of = { pool: poolName(pool), shard: 'xx00001', generation: 0 };
  const replica = (index = 0) => env.SHARD_REPLICA.getByName(replicaName(`${pool}:xx00001`, anywhere, index));
  const put = (session: SessionId, version: number, text: string, replication = copied(1)) =>
    stub().put(pool, session, toStore(version, text), replication);
  const read = async (session: SessionId, index = 0) => {
    const copy = await replica(index).read(pool, session);
    return copy.kind === 'copy' ? `${copy.row.version} ${textOf(copy.state.bytes)}` : copy.kind;
  };
  const becomes = (session: SessionId, text: string, index = 0) =>
    eventually(async () => expect(await read(session, index)).toBe(text));
  /** The replica has what the shard has. */
  const caughtUp = () =>
    eventually(async () => {
      const { replicas } = await stub().stats();
      expect(replicas.every(({ state, seqBehind }) => state === 'following' && seqBehind === 0)).toBe(true);
    });
  return { ...world, of, newSession, replica, put, read, becomes, caughtUp };
}
