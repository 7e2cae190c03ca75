import type { OriginId, SessionId } from '../core/ids.ts';
import type { Outcome, Reason } from '../core/outcome.ts';
import { type Limits, limitsFrom } from '../core/row.ts';
import type { Carried, SessionSeat, Visit } from '../visit.ts';

/** Where a session was last known to live. */
export interface Whereabouts {
  readonly session: SessionId;
  readonly home: OriginId;
  readonly epoch: number;
  readonly by: SessionSeat['by'];
  readonly startedS: number;
  readonly renewedS: number;
}

/** A place for this request, and what the attempt carries. */
export function seat(at: Whereabouts, carried: Carried, outcome: Outcome, reason: Reason): SessionSeat {
  const { session, home, epoch, by, startedS, renewedS } = at;
  return { kind: 'session', session, home, epoch, by, startedS, renewedS, carried, outcome, reason };
}

/** Until when the map keeps the session: idle from now, and the absolute limit from its start. */
export function limitsOf({ now, pool }: Visit, { startedS }: { startedS: number }): Limits {
  return limitsFrom(startedS, now, pool.config.session);
}
