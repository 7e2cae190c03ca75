import { flee, stay } from './flight.ts';
import { leave } from './move.ts';
import { seat, type Whereabouts } from './seat.ts';
import type { Refusal, Seat, Visit } from '../visit.ts';

/**
 * The fire drill makes this session see its home as failed: it moves as it would then. Home is well, though, so whoever cannot be moved
 * with all that he has stays where he is, and nobody is refused.
 */
export async function drill(visit: Visit, at: Whereabouts): Promise<Seat | Refusal> {
  const under = visit.view.snapshot.drill;
  flee(visit, at.home, {
    how: 'drill',
    isSuspect: false,
    ...(under === undefined ? {} : { drill: under.number }),
  });
  const said = await leave(visit, at, 'drill');
  if (hasMoved(said) && said.home !== at.home) return said;
  stay(visit, at.home);
  return seat(at, { kind: 'nothing' }, 'kept', 'home_usable');
}

function hasMoved(said: Seat | Refusal): said is Seat {
  return said.kind !== 'refusal' && !(said.kind === 'session' && said.carried.kind === 'read-only');
}
