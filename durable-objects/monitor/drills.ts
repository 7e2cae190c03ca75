import { type Drill, drillRefusal, type DrillWish, wholeShare } from '../../worker/core/drill.ts';
import type { Incident } from '../../worker/core/incident.ts';
import type { Snapshot } from '../../worker/core/snapshot.ts';
import type { DrillSaid } from '../../worker/ports.ts';
import type { Incidents } from './incidents.ts';

interface Kept extends Drill {
  readonly nonce: string;
}

interface Pool {
  /** With what is ordered. */
  snapshot(): Snapshot;
  /** The snapshot has become another one. */
  changed(): void;
}

/** The pool's fire drill, if one is under way. It ends when its time is over, when it does harm, or when the pool can afford it no more. */
export class Drills {
  readonly #kv: SyncKvStorage;
  readonly #incidents: Incidents;
  readonly #pool: Pool;
  #drill: Kept | undefined;

  constructor(kv: SyncKvStorage, incidents: Incidents, pool: Pool) {
    this.#kv = kv;
    this.#incidents = incidents;
    this.#pool = pool;
    this.#drill = kv.get<Kept>('drill');
  }

  /** As the snapshot carries it. */
  current(now: number): Drill | undefined {
    this.settle(now);
    if (this.#drill === undefined) return undefined;
    const { nonce: _nonce, ...drill } = this.#drill;
    return drill;
  }

  begin({ origin, share, forMs, nonce }: DrillWish, now: number): DrillSaid {
    this.settle(now);
    const under = this.#drill;
    const begun = under === undefined ? undefined : this.#incidents.get(under.number);
    if (under?.nonce === nonce && begun !== undefined) return { kind: 'begun', incident: begun };
    if (under !== undefined) {
      const message = `A drill of origin ${under.origin} is under way, for ${under.until - now} ms more.`;
      return { kind: 'refused', code: 'drill_under_way', message };
    }
    const refused = drillRefusal(origin, this.#pool.snapshot());
    if (refused !== undefined) return refused;
    const incident = this.#incidents.begin({
      kind: 'drill',
      origin,
      detectedBy: 'drill',
      how: 'drill',
      said: `${(share / wholeShare) * 100} % of its sessions for ${forMs} ms`,
      firstFailureAt: now,
      detectedAt: now,
    });
    const [seed = 0] = crypto.getRandomValues(new Int32Array(1));
    this.#set({ number: incident.number, origin, share, seed, until: now + forMs, nonce });
    return { kind: 'begun', incident };
  }

  /** Ends it now, for this reason; answers which one it was. */
  stop(why: string, now: number): number | null {
    const drill = this.#drill;
    if (drill === undefined) return null;
    this.#end(drill, now, why);
    return drill.number;
  }

  /** A drill that refused somebody, or cost him his data, is over. */
  noted(incidents: readonly Incident[], now: number): void {
    const own = incidents.find(({ number }) => number === this.#drill?.number);
    if (own === undefined || own.toll.failed + own.toll.empty === 0) return;
    this.stop(own.toll.failed > 0 ? 'requests_failed' : 'data_missing', now);
  }

  /** Ends what is over. */
  settle(now: number): void {
    const drill = this.#drill;
    if (drill === undefined) return;
    if (now >= drill.until) return this.#end(drill, drill.until, null);
    const refused = drillRefusal(drill.origin, this.#pool.snapshot());
    if (refused !== undefined) this.#end(drill, now, refused.code);
  }

  #end({ number }: Kept, at: number, aborted: string | null): void {
    this.#set(undefined);
    const incident = this.#incidents.get(number);
    if (incident !== undefined) this.#incidents.end(incident, at, aborted);
  }

  #set(drill: Kept | undefined): void {
    this.#drill = drill;
    if (drill === undefined) this.#kv.delete('drill');
    else this.#kv.put('drill', drill);
    this.#pool.changed();
  }
}
