import type { KeptAnswer, SessionSeat, Visit } from '../visit.ts';
import { claimFor, nextHome } from './move.ts';
import { seat as seated } from './seat.ts';

/**
 * The old home has stored the state, has nothing of the session under way, and has dropped its copy: only now is the session claimed for another
 * origin, and the cookie of this very answer says so. Whatever does not come about leaves the session where it is: home claims it back with its next request.
 */
export async function handOff(visit: Visit, kept: KeptAnswer, at: SessionSeat): Promise<KeptAnswer> {
  if (kept.seat.kind !== 'session' || kept.seat.session !== at.session) return kept;
  if (at.carried.kind !== 'release' || !visit.view.isDraining(at.home)) return kept;
  const target = nextHome(visit, at);
  if (target === undefined) return kept;
  // Of a session without a stored state nothing is left at home either: it has said so.
  const said = await claimFor(visit, at, target, 'move');
  visit.edge.counters.add(`hand_off.${said.kind}`);
  if (said.kind !== 'claimed' && said.kind !== 'row') return kept;
  visit.pool.learned.delete(at.session);
  const { home, epoch } = said.row;
  // The claim's state goes to no attempt: the new home claims it by itself with the session's next request.
  return {
    ...kept,
    seat: seated({ ...at, home, epoch }, { kind: 'nothing' }, 'moved', 'home_draining'),
  };
}
