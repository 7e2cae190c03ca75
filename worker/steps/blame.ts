import { type FailureKind, failures } from '../core/failure.ts';
import type { Symptom } from '../core/tally.ts';
import type { OriginId } from '../core/ids.ts';
import { flee } from './flight.ts';
import type { Visit } from '../visit.ts';

/**
 * What a failed attempt says of the origin. A lost connection may be a kept-alive one that the origin closed at that very moment, and suspicion moves
 * every session of an origin: so a probe of doubt must fail too. An origin that answers it is tried once more.
 */
export async function blame(
  visit: Visit,
  origin: OriginId,
  failure: FailureKind,
): Promise<'try again' | 'failed'> {
  const { pool, trail } = visit;
  visit.edge.counters.add(`attempt_failed.${failure}`);
  const verdict = failure === 'hangs' ? 'silent' : failures[failure].doubt && (await pool.doubt(origin));
  if (verdict === 'silent' || verdict === 'refuses') {
    suspect(visit, origin);
    trail.failed.add(origin);
    flee(visit, origin, { how: verdict === 'silent' ? 'silent' : 'refused', isSuspect: true });
    return 'failed';
  }
  if (!failures[failure].doubt || trail.struck.has(origin)) {
    trail.failed.add(origin);
    flee(visit, origin, { how: seenAs[failure], isSuspect: false });
    return 'failed';
  }
  trail.struck.add(origin);
  return 'try again';
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
  if (pool.suspicions.suspect(origin, edge.clock.now()) === 'newly') {
    edge.counters.add('origin_suspect');
    visit.waitUntil(pool.report(origin));
  }
}
