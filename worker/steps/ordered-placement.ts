import { type Placement, placementOf } from '../core/rendezvous.ts';
import { type Snapshot, standingOf } from '../core/snapshot.ts';
import type { Pool } from '../visit.ts';

/** The pool's placement with the weights that are ordered, made once per snapshot; without any it is the pool's own. */
export function placementAsOf(pool: Pool, snapshot: Snapshot): Placement {
  const known = pool.placements.get(snapshot);
  if (known !== undefined) return known;
  const isOrdered = Object.values(snapshot.origins).some(({ weight }) => weight !== undefined);
  const made = isOrdered ? placementIn(pool, snapshot) : pool.placement;
  pool.placements.set(snapshot, made);
  return made;
}

function placementIn({ origins }: Pool, snapshot: Snapshot): Placement {
  return placementOf(
    [...origins].map(([id, { weight }]) => ({ id, weight: standingOf(snapshot, id).weight ?? weight })),
  );
}
