import { isInDrill } from '../core/drill.ts';
import type { OriginId, SessionId } from '../core/ids.ts';
import type { Reason } from '../core/outcome.ts';
import { type Placement, place, placementOf } from '../core/rendezvous.ts';
import { type OrderedStanding, type Snapshot, standingOf, type Trust, trustIn } from '../core/snapshot.ts';
import type { HeldSnapshot } from '../ports.ts';
import type { Pool, PoolSight, Visit } from '../visit.ts';

/** How long a request waits for a snapshot when the one at hand is stale. */
export const snapshotPatienceMs = 200;

/** The pool as this isolate sees it now: the snapshot, less what has failed here. */
export class PoolView implements PoolSight {
  readonly snapshot: Snapshot;
  readonly trust: Trust;
  readonly #pool: Pool;
  readonly #now: number;

  constructor(pool: Pool, held: HeldSnapshot, now: number) {
    this.#pool = pool;
    this.#now = now;
    this.snapshot = held.snapshot;
    this.trust = trustIn(held.ageMs);
  }

  usable(origin: OriginId): boolean {
    if (!this.#pool.origins.has(origin) || !this.#isUp(origin)) return false;
    return !this.#isSuspect(origin) || this.#isAllSuspect();
  }

  /** On the operator's word (it is in the pool no more, or ordered out of it) or the monitor's, nobody serves there. */
  isSurelyAway(origin: OriginId): boolean {
    return !this.#pool.origins.has(origin) || !this.#isUp(origin);
  }

  /** Serves its sessions, and is to let go of them. */
  isDraining(origin: OriginId): boolean {
    return standingOf(this.snapshot, origin).state === 'draining' && this.usable(origin);
  }

  drilled(session: SessionId, home: OriginId): boolean {
    const { drill } = this.snapshot;
    if (drill === undefined || this.#pool.incidents.isStopped(drill.number)) return false;
    return isInDrill(drill, session, home, this.#now);
  }

  #isUp(origin: OriginId): boolean {
    const standing = standingOf(this.snapshot, origin);
    return standing.health === 'up' && (standing.state === undefined || this.#isKeptBy(standing));
  }

  /** What is ordered of an origin: only one that is being drained serves its sessions, and only for its time. */
  #isKeptBy({ state, until = 0 }: OrderedStanding): boolean {
    return state === 'draining' && this.#now < until;
  }

  #isSuspect(origin: OriginId): boolean {
    return this.#pool.suspicions.isSuspect(origin, this.#now);
  }

  /** When everybody has failed here, this isolate or the load is to be doubted rather than all origins: only the monitor's word counts. */
  #isAllSuspect(): boolean {
    for (const origin of this.#pool.origins.keys()) {
      if (this.#isUp(origin) && !this.#isSuspect(origin)) return false;
    }
    return true;
  }

  place(key: number, also: (origin: OriginId) => boolean = anyOrigin): OriginId | undefined {
    return place(
      this.#placement(),
      key,
      (origin) =>
        standingOf(this.snapshot, origin).state === undefined && this.usable(origin) && also(origin),
    );
  }

  /** With the weights that are ordered, made once per snapshot; without any it is the pool's own. */
  #placement(): Placement {
    const { snapshot } = this;
    const known = this.#pool.placements.get(snapshot);
    if (known !== undefined) return known;
    const isOrdered = Object.values(snapshot.origins).some(({ weight }) => weight !== undefined);
    const made = isOrdered ? placementIn(this.#pool, snapshot) : this.#pool.placement;
    this.#pool.placements.set(snapshot, made);
    return made;
  }
}

function placementIn({ origins }: Pool, snapshot: Snapshot): Placement {
  return placementOf(
    [...origins].map(([id, { weight }]) => ({ id, weight: standingOf(snapshot, id).weight ?? weight })),
  );
}

const anyOrigin = (): boolean => true;

/** Usable, and it has not failed this request. */
export function canServe(visit: Visit, home: OriginId): boolean {
  return visit.view.usable(home) && !visit.trail.failed.has(home);
}

/** The incarnation that was known before this request was decided: what has risen since asks once more. */
export function incarnationOf(visit: Visit, home: OriginId): number {
  return standingOf(visit.view.snapshot, home).incarnation;
}

/** Why nobody was asked. */
export function steadyReason({ view }: Visit): Reason {
  return view.snapshot.routeOnly ? 'route_only' : 'home_usable';
}
