import { isInDrill } from '../core/drill.ts';
import type { OriginId, SessionId } from '../core/ids.ts';
import type { Reason } from '../core/outcome.ts';
import { type Mood, moodOf } from '../core/panic.ts';
import { place } from '../core/rendezvous.ts';
import { type OrderedStanding, type Snapshot, standingOf, type Trust, trustIn } from '../core/snapshot.ts';
import type { HeldSnapshot } from '../ports.ts';
import { placementAsOf } from './ordered-placement.ts';
import type { Pool, PoolSight, Visit } from '../visit.ts';

/** How long a request waits for a snapshot when the one at hand is stale. */
export const snapshotPatienceMs = 200;

type Also = (origin: OriginId) => boolean;

/** The pool as this isolate sees it now: the snapshot, less what has failed here. What is asked only in trouble is found out only then. */
export class PoolView implements PoolSight {
  readonly snapshot: Snapshot;
  readonly trust: Trust;
  readonly #pool: Pool;
  readonly #now: number;
  /** A half-open breaker lets one request through, and no POST: it could not be sent again. */
  readonly #mayTry: boolean;
  #trial: OriginId | undefined;
  #mood: Mood | undefined;
  #minds: boolean | undefined;

  constructor(pool: Pool, held: HeldSnapshot, now: number, mayTry: boolean) {
    this.#pool = pool;
    this.#now = now;
    this.#mayTry = mayTry;
    this.snapshot = held.snapshot;
    this.trust = trustIn(held.ageMs);
  }

  has(origin: OriginId): boolean {
    return this.#pool.origins.has(origin);
  }

  usable(origin: OriginId): boolean {
    if (!this.has(origin)) return false;
    if (this.#isWell(origin)) return true;
    return this.#pool.passive.isAnyOpen && this.#mayBeTried(origin)
      ? this.#try(origin)
      : this.#staysInPanic(origin);
  }

  ejected(origin: OriginId): boolean {
    const { passive } = this.#pool;
    if (!passive.isAnyOpen || !this.#isUp(origin) || this.#isSuspect(origin)) return false;
    return passive.phase(origin, this.#now) !== 'closed';
  }

  /** On the operator's word (it is in the pool no more, or ordered out of it) or the monitor's, nobody serves there. */
  isSurelyAway(origin: OriginId): boolean {
    return !this.has(origin) || !this.#isUp(origin);
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

  place(key: number, also: Also = anyOrigin): OriginId | undefined {
    return this.#pick(key, (origin) => (this.#isWell(origin) || this.#mayBeTried(origin)) && also(origin));
  }

  placeNew(key: number, also: Also = anyOrigin): OriginId | undefined {
    if (this.mood === 'spent') return undefined;
    if (this.mood === 'panic') return this.#pick(key, (origin) => !this.#isSuspect(origin) && also(origin));
    const welcome = this.#pick(
      key,
      (origin) =>
        (this.#isWell(origin) || this.#mayBeTried(origin)) && this.#welcomes(origin, key) && also(origin),
    );
    return welcome ?? this.place(key, also);
  }

  get mood(): Mood {
    if (this.#mood === undefined) {
      const members = this.#members();
      const usable = members.filter((origin) => this.#isWell(origin)).length;
      this.#mood = moodOf(usable, members.length, this.#pool.config.panic);
    }
    return this.#mood;
  }

  /** Whom a session may be given to: nobody that is ordered out of the pool, nor on the way there. */
  #pick(key: number, usable: Also): OriginId | undefined {
    const picked = place(
      placementAsOf(this.#pool, this.snapshot),
      key,
      (origin) => standingOf(this.snapshot, origin).state === undefined && usable(origin),
    );
    if (picked !== undefined && this.#mayBeTried(picked)) this.#try(picked);
    return picked;
  }

  /** What an operator has ordered out of the pool counts neither for nor against its health. */
  #members(): OriginId[] {
    return [...this.#pool.origins.keys()].filter(
      (origin) => standingOf(this.snapshot, origin).state === undefined,
    );
  }

  #isWell(origin: OriginId): boolean {
    if (!this.#isUp(origin) || this.#isOpen(origin)) return false;
    return !this.#isSuspect(origin) || this.#isAllSuspect();
  }

  #isUp(origin: OriginId): boolean {
    const standing = standingOf(this.snapshot, origin);
    return standing.health === 'up' && this.#isLeft(standing);
  }

  /** What is ordered of an origin leaves its sessions there: only one that is being drained serves them, and only for its time. */
  #isLeft({ state, until = 0 }: OrderedStanding): boolean {
    return state === undefined || (state === 'draining' && this.#now < until);
  }

  #isSuspect(origin: OriginId): boolean {
    return this.#pool.suspicions.isSuspect(origin, this.#now);
  }

  #isOpen(origin: OriginId): boolean {
    const { passive } = this.#pool;
    return passive.isAnyOpen && passive.phase(origin, this.#now) !== 'closed' && this.#mindsBreakers();
  }

  /** With more than half of the pool out, no breaker is minded: an origin that answers badly is better than none. */
  #mindsBreakers(): boolean {
    if (this.#minds === undefined) {
      const { passive } = this.#pool;
      const members = this.#members();
      const isOut = (origin: OriginId) =>
        !this.#isUp(origin) || this.#isSuspect(origin) || passive.phase(origin, this.#now) !== 'closed';
      this.#minds = members.filter(isOut).length * 2 <= members.length;
    }
    return this.#minds;
  }

  #mayBeTried(origin: OriginId): boolean {
    if (!this.#pool.passive.isAnyOpen || !this.#isUp(origin) || this.#isSuspect(origin)) return false;
    if (this.#trial === origin) return true;
    return this.#mayTry && this.#pool.passive.phase(origin, this.#now) === 'half-open';
  }

  #try(origin: OriginId): true {
    if (this.#trial !== origin) this.#pool.passive.try(origin, this.#now);
    this.#trial = origin;
    return true;
  }

  /** So many are out that the word about them is doubted: a session stays with a home that has not failed here. */
  #staysInPanic(origin: OriginId): boolean {
    if (this.#isSuspect(origin) || !this.#isLeft(standingOf(this.snapshot, origin))) return false;
    return this.mood === 'panic';
  }

  #welcomes(origin: OriginId, key: number): boolean {
    const { doubted, returnedAt } = standingOf(this.snapshot, origin);
    return doubted === undefined && this.#pool.passive.welcomes(origin, key, returnedAt, this.#now);
  }

  /** When everybody has failed here, this isolate or the load is to be doubted rather than all origins: only the monitor's word counts. */
  #isAllSuspect(): boolean {
    for (const origin of this.#pool.origins.keys()) {
      if (this.#isUp(origin) && !this.#isSuspect(origin)) return false;
    }
    return true;
  }
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
