import type { OriginId } from '../core/ids.ts';
import { isSafe } from '../core/resend.ts';
import { retryAfter, storeUnreachable } from './refusals.ts';
import { unsealed } from './sealed-state.ts';
import { seat, type Whereabouts } from './seat.ts';
import type { ClaimAnswer, CopyInFallback, Unreachable } from '../ports.ts';
import type { Refusal, SessionSeat, Visit } from '../visit.ts';

/** Shard and home are both away: a safe request is served from a replica's or KV's copy, which nobody may write, marked with its age. */
export async function readOnlySeat(
  visit: Visit,
  at: Whereabouts,
  target: OriginId,
): Promise<SessionSeat | Refusal> {
  const inReplica = await seatOnReplica(visit, at, target);
  if (inReplica !== undefined) return inReplica;
  const copy = await visit.pool.fallback.session(at.session);
  const inKv = copy === undefined ? undefined : await seatOn(visit, at, target, { ...copy, layer: 'kv' });
  return inKv ?? storeUnreachable('not executed', retryAfter(visit));
}

/**
 * A shard that says nothing: a safe request does not wait until it is given up. The claim goes on, and when it succeeds after all
 * it is one whose answer was lost: the next request finds the session claimed, and nobody has got its state yet.
 */
export async function unlessSilent(
  visit: Visit,
  at: Whereabouts,
  target: OriginId,
  claim: Promise<ClaimAnswer | Unreachable>,
): Promise<ClaimAnswer | Unreachable | SessionSeat> {
  const { session, fallback } = visit.pool.config;
  if (session.replicas === 0 || !isSafe(visit.request.method)) return claim;
  const answered = new AbortController();
  const silence = visit.edge.timers
    .sleep(fallback.replicaAfterMs, answered.signal)
    .then(() => 'silent' as const);
  const first = await Promise.race([claim, silence]);
  answered.abort();
  if (first !== 'silent') return first;
  const copy = await seatOnReplica(visit, at, target);
  if (copy === undefined) return claim;
  visit.waitUntil(claim);
  return copy;
}

async function seatOnReplica(
  visit: Visit,
  at: Whereabouts,
  target: OriginId,
): Promise<SessionSeat | undefined> {
  const copy = await visit.pool.replicas.session(at.session);
  return copy === undefined ? undefined : seatOn(visit, at, target, copy);
}

type Copy = CopyInFallback & { readonly layer: 'replica' | 'kv' };

/** A copy from before the session's last move is nobody's, and so is one whose seal does not fit. */
async function seatOn(
  visit: Visit,
  at: Whereabouts,
  target: OriginId,
  { row, state, ageMs, layer }: Copy,
): Promise<SessionSeat | undefined> {
  if (row.epoch < at.epoch) return undefined;
  const bytes = await unsealed(visit.pool.keyring, at.session, state);
  if (bytes === undefined) return undefined;
  const carried = {
    kind: 'read-only',
    layer,
    version: row.version,
    bytes,
    ageS: Math.ceil(ageMs / 1000),
  } as const;
  return { ...seat({ ...at, home: target }, carried, 'fallback', 'read_only_copy'), epoch: at.epoch };
}
