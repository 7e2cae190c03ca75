import type { Kept, Visit } from '../visit.ts';
import { afresh, answer, type Handed } from './kept.ts';

/** The kill switch is on: whatever the origin has to say of its session is heard by nobody, and the outcome says so. */
export function keepNothing(visit: Visit, handed: Handed): Kept {
  const { said } = handed.returned;
  if (said.kind === 'nothing') return answer(handed);
  // Whoever logs out gets another id all the same; that the old one has ended is not stored.
  const seat = said.kind === 'end' ? afresh(visit, handed.seat) : handed.seat;
  return answer({ ...handed, seat: { ...seat, outcome: 'unstored', reason: 'route_only' } });
}
