import type { PoolName, SessionId } from '../core/ids.ts';
import { type Place, replicaName } from '../core/replication.ts';
import type { Row } from '../core/row.ts';
import { shardOf } from '../core/session-id.ts';
import type { Clock, CopyInReplica, Replicas, SealedState, Timers } from '../ports.ts';
import { shardName } from './session-shards.ts';

/** Durable Objects of one class: where they are is said when they are made, and never changes. */
export interface PlacedObjects<Stub> {
  getByName(name: string, options?: { locationHint?: DurableObjectLocationHint }): Stub;
  jurisdiction(jurisdiction: DurableObjectJurisdiction): PlacedObjects<Stub>;
}

/** The stub of one replica of a shard: a new one every time, since one that has thrown stays broken. */
export function replicaAt<Stub>(
  objects: PlacedObjects<Stub>,
  shard: string,
  place: Place,
  index: number,
): Stub {
  const { region, jurisdiction } = place;
  const lawful =
    jurisdiction === '' ? objects : objects.jurisdiction(jurisdiction as DurableObjectJurisdiction);
  const hint = region === '' ? {} : { locationHint: region as DurableObjectLocationHint };
  return lawful.getByName(replicaName(shard, place, index), hint);
}

/** What a replica answers an edge. */
export type ReplicaCopy =
  | { readonly kind: 'none' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'copy'; readonly row: Row; readonly state: SealedState; readonly at: number };

export interface ReplicaObject {
  read(pool: PoolName, session: SessionId): Promise<ReplicaCopy>;
}

export interface ReplicasOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly places: readonly Place[];
  /** From what name the replicas of a shard have theirs. */
  readonly line?: (shard: string) => string;
  readonly patienceMs?: number;
}

export function createReplicas(
  pool: PoolName,
  objects: PlacedObjects<ReplicaObject>,
  { clock, timers, places, line = (shard) => shardName(pool, shard), patienceMs = 500 }: ReplicasOptions,
): Replicas {
  const ask = async (session: SessionId, place: Place, index: number): Promise<ReplicaCopy> => {
    const answered = new AbortController();
    const silence = timers.sleep(patienceMs, answered.signal).then((): ReplicaCopy => ({ kind: 'none' }));
    try {
      const name = line(shardOf(session));
      return await Promise.race([replicaAt(objects, name, place, index).read(pool, session), silence]);
    } catch (error) {
      console.error(JSON.stringify({ event: 'replica_unreadable', why: String(error) }));
      return { kind: 'none' };
    } finally {
      answered.abort();
    }
  };
  return {
    async session(session) {
      const copies = await Promise.all(places.map((place, index) => ask(session, place, index)));
      return newestOf(copies, clock.now());
    },
  };
}

/** An end is the newest of all: what is ended somewhere is served nowhere. */
function newestOf(copies: readonly ReplicaCopy[], now: number): CopyInReplica | undefined {
  if (copies.some(({ kind }) => kind === 'ended')) return undefined;
  const found = copies.filter((copy) => copy.kind === 'copy');
  const [newest] = found.toSorted(
    (left, right) => right.row.epoch - left.row.epoch || right.row.version - left.row.version,
  );
  if (newest === undefined) return undefined;
  const { row, state, at } = newest;
  return { layer: 'replica', row, state, ageMs: Math.max(0, now - at) };
}
