import type { OriginId } from '../core/ids.ts';
import { retryAfter, storeUnreachable } from './refusals.ts';
import { unsealed } from './sealed-state.ts';
import { seat, type Whereabouts } from './seat.ts';
import type { Refusal, SessionSeat, Visit } from '../visit.ts';

/** Shard and home are both away: a safe request is served from KV's copy, which nobody may write, marked with its age. */
export async function readOnlySeat(
  visit: Visit,
  at: Whereabouts,
  target: OriginId,
): Promise<SessionSeat | Refusal> {
  const copy = await visit.pool.fallback.session(at.session);
  const refusal = storeUnreachable('not executed', retryAfter(visit));
  if (copy === undefined || copy.row.epoch < at.epoch) return refusal;
  const bytes = await unsealed(visit.pool.keyring, at.session, copy.state);
  if (bytes === undefined) return refusal;
  const carried = {
    kind: 'read-only',
    version: copy.row.version,
    bytes,
    ageS: Math.ceil(copy.ageMs / 1000),
  } as const;
  return { ...seat({ ...at, home: target }, carried, 'fallback', 'read_only_copy'), epoch: at.epoch };
}
