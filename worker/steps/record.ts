import type { Outcome, Reason } from '../core/outcome.ts';
import type { Visit } from '../visit.ts';

/** One event per request, whatever happened: the outcomes add up to the requests. */
export function record({ edge, pool }: Visit, outcome: Outcome, reason: Reason): void {
  edge.counters.add(`request.${pool.name}.${outcome}.${reason}`);
}
