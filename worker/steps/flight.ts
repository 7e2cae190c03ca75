import { noToll, type Symptom, type Toll } from '../core/tally.ts';
import type { OriginId } from '../core/ids.ts';
import type { Flight, KeptAnswer, Refusal, Seat, Visit } from '../visit.ts';

/** What nearly every request has. */
export const noFlights: readonly Flight[] = [];

export interface Cause {
  readonly how: Symptom;
  readonly isSuspect: boolean;
  readonly drill?: number;
}

/** This request has to leave an origin. Of an origin that failed it here what it saw itself counts, not what it hears then. */
export function flee(visit: Visit, origin: OriginId, { how, isSuspect, drill }: Cause): void {
  const { trail, pool, edge } = visit;
  if (!pool.origins.has(origin) || trail.flights.some((flight) => flight.origin === origin)) return;
  const knownAt = edge.clock.now();
  trail.flights = [...trail.flights, { origin, drill, how, isSuspect, knownAt, session: 'none' }];
}

/** Its session was claimed away from that origin. */
export function carriedOff<Claimed extends Seat>(visit: Visit, from: OriginId, seat: Claimed): Claimed {
  const session = fateOf(visit, seat);
  const { trail } = visit;
  trail.flights = trail.flights.map((flight) => (flight.origin === from ? { ...flight, session } : flight));
  return seat;
}

function fateOf({ pool }: Visit, { outcome }: Seat): Flight['session'] {
  if (pool.config.session.mode === 'external') return 'moved';
  return outcome === 'restored' ? 'restored' : 'empty';
}

/** A drill found nowhere to go: the request stays, and has left nothing. */
export function stay(visit: Visit, origin: OriginId): void {
  const { trail, pool } = visit;
  const [flight] = trail.flights.filter((one) => one.origin === origin);
  trail.flights = trail.flights.filter((one) => one !== flight);
  if (flight?.drill === undefined) return;
  const toll = { ...noToll, stayed: 1 };
  pool.incidents.note({ origin, drill: flight.drill, failure: undefined, success: undefined, toll });
}

/** The request is over: what it saw of the origins that it left is told. */
export function land<Answer extends KeptAnswer | Refusal>(visit: Visit, answer: Answer): Answer {
  for (const flight of visit.trail.flights) tell(visit, flight, answer);
  return answer;
}

function tell(visit: Visit, flight: Flight, answer: KeptAnswer | Refusal): void {
  const { pool, edge, now: firstAt } = visit;
  const { origin, drill, how, isSuspect, knownAt } = flight;
  const isHeard = how === 'down' || how === 'drill';
  const now = edge.clock.now();
  const lookUpMs = now - knownAt;
  pool.incidents.note({
    origin,
    drill,
    failure: isHeard ? undefined : { how, firstAt, knownAt, lastAt: knownAt, isSuspect },
    success: isElsewhere(flight, answer) ? { firstAt: now, lookUpMs, slowestMs: lookUpMs } : undefined,
    toll: tollOf(flight, answer),
  });
}

function tollOf(flight: Flight, answer: KeptAnswer | Refusal): Toll {
  const { session } = flight;
  const one = (counts: boolean) => (counts ? 1 : 0);
  return {
    ...noToll,
    moved: one(session !== 'none'),
    restored: one(session === 'restored'),
    empty: one(session === 'empty'),
    rescued: one(isElsewhere(flight, answer)),
    failed: one(isFailed(flight, answer)),
  };
}

function isElsewhere(flight: Flight, answer: KeptAnswer | Refusal): boolean {
  return answer.kind === 'answer' && answer.seat.home !== flight.origin && !isFailed(flight, answer);
}

/** Whom a drill has moved must not get an error there: it may be nobody's fault, and the drill has to end all the same. */
function isFailed({ drill }: Flight, answer: KeptAnswer | Refusal): boolean {
  if (answer.kind === 'refusal') return true;
  return drill !== undefined && answer.response.status >= 500;
}
