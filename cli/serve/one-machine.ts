import { isRecord } from '../dev-worker.ts';

/**
 * The configuration as it is written, but for what only many machines gain by: one shard per pool where its author names no number. Each shard waits
 * for the disk by itself, and the whole process with it; one shares a wait among all that write at the same time.
 */
export function forOneMachine(input: unknown): unknown {
  if (!isRecord(input) || !isRecord(input['pools'])) return input;
  const pools = Object.entries(input['pools']).map(([name, pool]) => [name, withOneShard(pool)]);
  return { ...input, pools: Object.fromEntries(pools) };
}

function withOneShard(pool: unknown): unknown {
  if (!isRecord(pool)) return pool;
  const session = isRecord(pool['session']) ? pool['session'] : {};
  return { ...pool, session: { shards: 1, ...session } };
}
