import { noToll } from '../core/tally.ts';
import type { OriginId } from '../core/ids.ts';
import type { PutSaid } from '../core/fence.ts';
import { type LostWrite, pathOf } from '../core/lost-write.ts';
import type { Sighting, Unreachable } from '../ports.ts';
import type { Kept, SessionSeat, Visit } from '../visit.ts';

/** Whatever `keep` refuses was executed, and its session change is lost or in doubt: the operator can read which one. */
export async function noteLost(visit: Visit, seat: SessionSeat, keeping: Promise<Kept>): Promise<Kept> {
  const kept = await keeping;
  if (kept.kind === 'refusal') note(visit, seat, kept.code, 'refused');
  if (kept.kind === 'answer' && kept.seat.outcome === 'unstored')
    note(visit, seat, 'store_unreachable', 'answered');
  return kept;
}

/** `async`: the answer has left when the store says what became of it. */
export async function noteLostLater(
  visit: Visit,
  seat: SessionSeat,
  stored: Promise<PutSaid | Unreachable>,
): Promise<void> {
  const { kind } = await stored;
  visit.edge.counters.add(`put_async.${kind}`);
  const why = whyLost[kind];
  if (why !== undefined) note(visit, seat, why, 'answered');
}

const whyLost = {
  stored: undefined,
  superseded: undefined,
  fenced: 'session_moved',
  ended: 'session_ended',
  unreachable: 'store_unreachable',
} as const;

function note(
  { pool, now, request, url }: Visit,
  { session, home }: SessionSeat,
  why: LostWrite['why'],
  told: LostWrite['told'],
): void {
  if (told === 'answered') pool.incidents.note(lostAt(home));
  pool.lost.note({ session, at: now, why, told, method: request.method, path: pathOf(url.target) });
}

/** It counts with an incident of its home, where there is one. */
function lostAt(origin: OriginId): Sighting {
  return {
    origin,
    drill: undefined,
    failure: undefined,
    success: undefined,
    toll: { ...noToll, lostWrites: 1 },
  };
}
