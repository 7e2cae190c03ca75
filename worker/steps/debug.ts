import type { Outcome, Reason } from '../core/outcome.ts';
import { sameText } from '../core/same-text.ts';
import type { Seat, Visit } from '../visit.ts';

/** What an operator wants to know of one answer; strangers get none of it unless the configuration says `always`. */
export function debugHeaders(
  visit: Visit,
  headers: Headers,
  outcome: Outcome,
  reason: Reason,
  seat: Seat | undefined,
): void {
  if (!isShown(visit)) return;
  headers.set('limpet-outcome', outcome);
  headers.set('limpet-reason', reason);
  headers.set('limpet-attempts', String(visit.trail.attempts));
  if (seat === undefined) return;
  headers.set('limpet-origin', seat.home);
  if (seat.kind === 'session') headers.set('limpet-epoch', String(seat.epoch));
  if (seat.kind !== 'session' || seat.carried.kind !== 'read-only') return;
  headers.set('limpet-layer', seat.carried.layer);
  headers.set('limpet-age', String(seat.carried.ageS));
  headers.set('limpet-version', String(seat.carried.version));
}

function isShown({ edge, request }: Visit): boolean {
  const { debug } = edge.config;
  if (debug !== 'token') return debug === 'always';
  return sameText(request.headers.get('limpet-debug') ?? '', edge.adminToken);
}
