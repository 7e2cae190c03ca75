import type { Health, ProbeResult } from '../../worker/core/health.ts';
import {
  type Beginning,
  goneOn,
  type Incident,
  incidentOf,
  incidentsForMs,
  isSame,
  recoveryOf,
  symptomOf,
  withTally,
} from '../../worker/core/incident.ts';
import { begins, saidOf, shifted, type Tally } from '../../worker/core/tally.ts';
import type { OriginId, PoolName } from '../../worker/core/ids.ts';
import { IncidentBook } from './incident-book.ts';

/** Tellings whose answer was lost come again: so many of the last ones are known by their keys. */
const keysMax = 2_000;

/** Edges tell at most ten seconds late: until then a good probe may come before the news of the last failure. */
const quietMs = 12_000;

/** What the monitor knows of its pool's incidents: begun by its probes or by what edges tell, ended by a good probe. */
export class Incidents {
  readonly #pool: PoolName;
  readonly #book: IncidentBook;
  readonly #current = new Map<OriginId, Incident>();
  readonly #firstBad = new Map<OriginId, number>();
  readonly #goodSince = new Map<OriginId, number>();
  readonly #toldAt = new Map<OriginId, number>();
  readonly #keys = new Set<string>();
  readonly #isOrderedOut: (origin: OriginId) => boolean;

  constructor(sql: SqlStorage, pool: PoolName, isOrderedOut: (origin: OriginId) => boolean) {
    this.#pool = pool;
    this.#isOrderedOut = isOrderedOut;
    this.#book = new IncidentBook(sql);
    for (const incident of this.#book.all().reverse())
      if (incident.kind === 'failure') this.#current.set(incident.origin, incident);
  }

  /** Newest first. */
  all(now: number): Incident[] {
    return this.#book.all().filter(({ endedAt }) => endedAt === null || endedAt >= now - incidentsForMs);
  }

  get(number: number): Incident | undefined {
    return this.#book.get(number);
  }

  prune(now: number): void {
    this.#book.prune(now);
  }

  /** A probe has said what it says of the origin, which is now of this health; it was begun at `from`. */
  probed(origin: OriginId, { health }: Health, { ok, said, at }: ProbeResult, from: number): void {
    if (!ok) {
      const firstFailureAt = this.#firstBad.get(origin) ?? from;
      this.#firstBad.set(origin, firstFailureAt);
      this.#goodSince.delete(origin);
      if (health === 'down') this.#isDown({ origin, said, at, firstFailureAt });
      return;
    }
    this.#firstBad.delete(origin);
    const incident = this.#current.get(origin);
    // However well it is: nobody is served there until the order is taken back.
    if (this.#isOrderedOut(origin)) return;
    if (health !== 'up' || incident?.endedAt !== null || incident.lastFailureAt >= from) return;
    const goodSince = this.#goodSince.get(origin) ?? at;
    this.#goodSince.set(origin, goodSince);
    if (at - (this.#toldAt.get(origin) ?? 0) >= quietMs) this.end(incident, goodSince);
  }

  /** An operator takes an origin out, which is an incident like any other, or lets it in again. */
  ordered(origin: OriginId, to: 'out' | 'in', now: number): void {
    const incident = this.#current.get(origin);
    if (to === 'in') {
      if (incident?.endedAt === null && incident.detectedBy === 'operator') this.end(incident, now);
      return;
    }
    if (incident !== undefined && isSame(incident, now)) {
      if (incident.endedAt !== null) this.#goOn(goneOn(incident, now));
      return;
    }
    const by = { detectedBy: 'operator', how: 'operator', said: 'ordered out of the pool' } as const;
    this.begin({ kind: 'failure', origin, ...by, firstFailureAt: now, detectedAt: now });
  }

  /** What an isolate has counted, `at` by its own clock: read as if it were this one's. */
  note(tallies: readonly Tally[], at: number, key: string, now: number): readonly Incident[] {
    if (this.#keys.has(key)) return [];
    this.#remember(key);
    return tallies.flatMap((tally) => {
      const noted = this.#add(shifted(tally, now - at), now);
      return noted === undefined ? [] : [noted];
    });
  }

  /** Resolves when all that was noted is stored. */
  stored(): Promise<void> {
    return this.#book.stored();
  }

  /** Origins that have left the pool fail no more. */
  keepTo(members: ReadonlySet<OriginId>, now: number): void {
    for (const [origin, incident] of this.#current)
      if (!members.has(origin) && incident.endedAt === null) this.end(incident, now);
  }

  begin(beginning: Beginning): Incident {
    const incident = incidentOf(this.#book.next(), beginning);
    this.#write(incident);
    this.prune(incident.detectedAt);
    this.#log('incident_began', incident);
    return incident;
  }

  end(incident: Incident, at: number, aborted: string | null = null): void {
    const ended = { ...incident, endedAt: at, aborted };
    this.#write(ended);
    this.#goodSince.delete(incident.origin);
    if (incident.kind === 'failure') return this.#log('incident_ended', ended);
    // Edges have not told all of it yet, and a drill has no good probe to wait for.
    setTimeout(() => this.#log('incident_ended', this.#book.get(ended.number) ?? ended), quietMs);
  }

  #isDown({
    origin,
    said,
    at,
    firstFailureAt,
  }: Pick<Beginning, 'origin' | 'said' | 'firstFailureAt'> & { at: number }): void {
    const incident = this.#current.get(origin);
    if (incident === undefined || !isSame(incident, at)) {
      const how = symptomOf(said);
      this.begin({
        kind: 'failure',
        origin,
        detectedBy: 'probe',
        how,
        said,
        firstFailureAt,
        detectedAt: at,
      });
    } else if (incident.endedAt === null) this.#book.keep(this.#hold({ ...incident, lastFailureAt: at }));
    else this.#goOn(goneOn({ ...incident, lastFailureAt: at }, at));
  }

  #add(tally: Tally, now: number): Incident | undefined {
    const incident = tally.drill === undefined ? this.#failureOf(tally, now) : this.#book.get(tally.drill);
    if (incident === undefined) return undefined;
    const noted = this.#hold(withTally(incident, tally));
    if (tally.drill === undefined) this.#heardFrom(tally, now);
    if (noted.endedAt === incident.endedAt) this.#book.keep(noted);
    else this.#goOn(noted);
    return noted;
  }

  /** Its probes may be good all the while: what requests meet counts too. */
  #heardFrom({ origin, failure }: Tally, now: number): void {
    this.#toldAt.set(origin, now);
    if ((failure?.lastAt ?? 0) >= (this.#goodSince.get(origin) ?? now)) this.#goodSince.delete(origin);
  }

  #failureOf(tally: Tally, now: number): Incident | undefined {
    const known = this.#current.get(tally.origin);
    if (known !== undefined && isSame(known, now)) return known;
    if (!begins(tally)) return undefined;
    const { origin, failure } = tally;
    // Sessions moved, nothing failed, and no incident is open: somebody has ordered it.
    const how = failure?.how ?? 'operator';
    const detectedBy = failure === undefined ? 'operator' : 'request';
    const beginning = { kind: 'failure', origin, detectedBy, how, said: saidOf(how) } as const;
    return this.begin({
      ...beginning,
      firstFailureAt: failure?.firstAt ?? now,
      detectedAt: failure?.knownAt ?? now,
    });
  }

  /** It was thought to be over. */
  #goOn(incident: Incident): void {
    this.#write(incident);
    this.#log('incident_goes_on', incident);
  }

  #write(incident: Incident): void {
    this.#book.write(this.#hold(incident));
  }

  #hold(incident: Incident): Incident {
    if (incident.kind === 'failure') this.#current.set(incident.origin, incident);
    return incident;
  }

  #remember(key: string): void {
    this.#keys.add(key);
    for (const oldest of this.#keys) {
      if (this.#keys.size <= keysMax) return;
      this.#keys.delete(oldest);
    }
  }

  /** One line when it begins and one when it ends, for whoever reads logs at 3 a.m. */
  #log(event: 'incident_began' | 'incident_goes_on' | 'incident_ended', incident: Incident): void {
    const { number, kind, origin, detectedBy, how, said, toll, aborted } = incident;
    const what = { event, pool: this.#pool, incident: number, kind, origin, detectedBy, how, said };
    const more = event !== 'incident_ended' ? {} : { ...recoveryOf(incident), ...toll, aborted };
    console.log(JSON.stringify({ ...what, ...more }));
  }
}
