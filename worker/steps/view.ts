import type { View } from '../core/decide.ts';
import { isInDrill } from '../core/drill.ts';
import type { OriginId, SessionId } from '../core/ids.ts';
import { place } from '../core/rendezvous.ts';
import { type Snapshot, standingOf, type Trust, trustIn } from '../core/snapshot.ts';
import type { HeldSnapshot } from '../ports.ts';
import type { Pool, Visit } from '../visit.ts';

/** How long a request waits for a snapshot when the one at hand is stale. */
export const snapshotPatienceMs = 200;

/** The pool as this isolate sees it now: the snapshot, less what has failed here. */
export class PoolView implements View {
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

  drilled(session: SessionId, home: OriginId): boolean {
    const { drill } = this.snapshot;
    if (drill === undefined || this.#pool.incidents.isStopped(drill.number)) return false;
    return isInDrill(drill, session, home, this.#now);
  }

  #isUp(origin: OriginId): boolean {
    return standingOf(this.snapshot, origin).health === 'up';
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
    return place(this.#pool.placement, key, (origin) => this.usable(origin) && also(origin));
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
