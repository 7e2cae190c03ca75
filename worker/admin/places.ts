import { poolName } from '../core/ids.ts';
import { learnedShards, shardKey } from '../core/session-id.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';

/** A shard of a pool, and how far it has been read. */
export interface Place {
  readonly pool: Pool;
  readonly shard: string;
  /** The list's or the search's own cursor within the shard; empty at its beginning. */
  readonly at: string;
}

/** The pools that a call is about: the one that it names, or all. */
export function namedPools(named: string | null | undefined, edge: Edge): readonly Pool[] | Response {
  if (named === null || named === undefined) return [...edge.pools.values()];
  const pool = edge.pools.get(poolName(named));
  if (pool !== undefined) return [pool];
  return refusal(
    404,
    'unknown_pool',
    `Wanted one of the pools ${[...edge.pools.keys()].join(', ')}, found ${JSON.stringify(named)}.`,
  );
}

/** Every shard of these pools, in an order that stays, from the one on that a cursor names. */
export function placesFrom(
  pools: readonly Pool[],
  cursor: string | null | undefined,
): readonly Place[] | Response {
  const all = pools.flatMap((pool) => shardsOf(pool).map((shard): Place => ({ pool, shard, at: '' })));
  if (cursor === null || cursor === undefined || cursor === '') return all;
  const [name, shard, at = ''] = cursor.split('~');
  const first = all.findIndex((place) => place.pool.name === name && place.shard === shard);
  const [place, ...rest] = all.slice(first);
  if (first < 0 || place === undefined) return strangeCursor();
  return [{ ...place, at }, ...rest];
}

/** The same, for what is read page by page: its cursor within a shard is a number. */
export function pagesFrom(
  pools: readonly Pool[],
  cursor: string | null | undefined,
): readonly Place[] | Response {
  const places = placesFrom(pools, cursor);
  if (places instanceof Response || Number.isSafeInteger(Number(places[0]?.at ?? ''))) return places;
  return strangeCursor();
}

function strangeCursor(): Response {
  return refusal(400, 'malformed', 'The cursor must be one that an answer of this call has given.');
}

export function cursorOf({ pool, shard }: Place, at: string | number): string {
  return `${pool.name}~${shard}~${at}`;
}

/** Sessions of learned keys are on shards of their own number. */
function shardsOf({ config }: Pool): string[] {
  const { region, generation, shards } = config.session;
  const learns = config.affinity.some(({ by }) => by !== 'cookie');
  const count = learns ? Math.max(shards, learnedShards) : shards;
  return Array.from({ length: count }, (_, number) => shardKey({ region, generation, number }));
}

export function unanswered({ pool, shard }: Pick<Place, 'pool' | 'shard'>, why: string): Response {
  return refusal(
    503,
    'store_unreachable',
    `The shard ${shard} of pool ${pool.name} did not answer: ${why}.`,
    { 'retry-after': '1' },
  );
}
