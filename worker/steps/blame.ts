import { type FailureKind, failures } from '../core/failure.ts';
import type { Symptom } from '../core/tally.ts';
import type { OriginId } from '../core/ids.ts';
import { standingOf } from '../core/snapshot.ts';
import { flee } from './flight.ts';
import { sending } from './replay.ts';
import type { Seat, Visit } from '../visit.ts';

/**
 * What a failed attempt says of the origin. A lost connection may be a kept-alive one that the origin closed at that very moment, and suspicion moves
 * every session of an origin: so a probe of doubt must fail too. An origin that answers it is tried once more.
 */
export async function blame(visit: Visit, seat: Seat, failure: FailureKind): Promise<Blame> {
  const { pool, trail } = visit;
  const origin = seat.home;
  const { edge } = visit;
  edge.counters.add(`attempt_failed.${failure}`);
  const verdict = failure === 'hangs' ? 'silent' : failures[failure].doubt && (await pool.doubt(origin));
  if (verdict === 'silent' || verdict === 'refuses') {
    suspect(visit, origin);
    trail.failed.add(origin);
    flee(visit, origin, { how: verdict === 'silent' ? 'silent' : 'refused', isSuspect: true });
    return 'away';
  }
  if (!isClientsOwn(visit, failure)) pool.passive.failed(origin, edge.clock.now(), byOf(seat));
  if (!failures[failure].doubt || trail.struck.has(origin)) {
    trail.failed.add(origin);
    flee(visit, origin, { how: seenAs[failure], isSuspect: false });
    return 'failed';
  }
  trail.struck.add(origin);
  return 'try again';
}

/** `away`: it does not answer a probe either. `failed`: it lives, and did not serve this. */
export type Blame = 'try again' | 'failed' | 'away';

/** A body that was streamed may have broken off at the client: nobody can tell, and the origin answers its probe. */
function isClientsOwn(visit: Visit, failure: FailureKind): boolean {
  return failure === 'lost' && sending(visit).body === 'gone';
}

function byOf(seat: Seat): string {
  return seat.kind === 'session' ? seat.session : '';
}

/** The monitor has it from another edge. */
function isKnown({ pool }: Visit, origin: OriginId): boolean {
  const { health, doubted } = standingOf(pool.snapshots.current().snapshot, origin);
  return health === 'down' || doubted === true;
}

/** What an origin's failure looks like when the origin itself answers a probe. */
const seenAs = {
  undelivered: 'refused',
  refused: 'refused',
  lost: 'reset',
  hangs: 'silent',
  timeout: 'timeout',
  unavailable: 'status',
  protocol: 'protocol',
} as const satisfies Record<FailureKind, Symptom>;

/** Reported when it is news here, never per request. */
function suspect(visit: Visit, origin: OriginId): void {
  const { pool, edge } = visit;
  pool.passive.acted(origin);
  if (pool.suspicions.suspect(origin, edge.clock.now()) === 'newly') {
    edge.counters.add('origin_suspect');
    if (!isKnown(visit, origin)) visit.waitUntil(pool.report(origin));
  }
}
