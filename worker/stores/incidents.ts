import { type Tally, together } from '../core/tally.ts';
import type { OriginId, PoolName } from '../core/ids.ts';
import { type Snapshot, standingOf } from '../core/snapshot.ts';
import { base64url } from '../core/base64url.ts';
import type { Chance, Clock, Incidents, Timers, WaitUntil } from '../ports.ts';
import { type IncidentObjects, tellTallies } from './incident-desk.ts';

export interface IncidentsOptions {
  readonly pool: PoolName;
  readonly monitors: IncidentObjects;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly timers: Timers;
  readonly waitUntil: WaitUntil;
}

/** The first sighting is told at once, and what comes after it together: so often at most. */
const tellEveryMs = 10_000;
/** Nobody may come for a while who could tell it. */
const triesMax = 3;
const againAfterMs = 1_000;
/** A call that has been under way for longer is not waited for: its request may have been cancelled. */
const overdueMs = 10_000;
/** An isolate whose snapshot was older has had no visitors: it says nothing of how fast news travels. */
const watchfulMs = 5_000;
/** Origins and drills: a pool has at most a thousand. */
const waitingMax = 1_001;

/** This isolate's account of failing origins. Never waits and never throws. */
export function createIncidents(options: IncidentsOptions): Incidents {
  const { pool, clock, chance, timers, waitUntil } = options;
  const waiting = new Map<string, Tally>();
  /** What the monitor may have or not: it is told again under the same key. */
  let unsure: { readonly tallies: readonly Tally[]; readonly key: string } | undefined;
  const heardAt = new Map<OriginId, number>();
  let drillHeardAt: { readonly number: number; readonly at: number } | undefined;
  let stopped = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let tellingUntil = Number.NEGATIVE_INFINITY;

  const heardOf = (origin: OriginId, drill: number | undefined): number | undefined => {
    if (drill === undefined) return heardAt.get(origin);
    return drillHeardAt?.number === drill ? drillHeardAt.at : undefined;
  };

  const add = (tally: Tally): void => {
    const key = `${tally.drill ?? ''} ${tally.origin}`;
    const before = waiting.get(key);
    if (before === undefined && waiting.size >= waitingMax) return;
    waiting.set(key, before === undefined ? tally : together(before, tally));
  };

  const taken = () => {
    const tallies = [...waiting.values()];
    waiting.clear();
    return { tallies, key: base64url(chance.bytes(9)) };
  };

  async function tell(afterMs: number, tries = triesMax): Promise<void> {
    if (afterMs > 0) await timers.sleep(afterMs);
    const { tallies, key } = unsure ?? taken();
    if (tallies.length === 0) return;
    unsure = { tallies, key };
    toldAt = clock.now();
    const said = await tellTallies(options, tallies, key);
    tellingUntil = clock.now();
    if (said.kind === 'unreachable') {
      console.error(JSON.stringify({ event: 'incidents_not_told', pool, why: said.why }));
      if (tries === 1) return;
      tellingUntil = clock.now() + againAfterMs + overdueMs;
      return tell(againAfterMs, tries - 1);
    }
    if (unsure.key === key) unsure = undefined;
    if (waiting.size > 0) tellSoon();
  }

  const tellSoon = (): void => {
    const now = clock.now();
    if (tellingUntil > now) return;
    const afterMs = Math.max(0, toldAt + tellEveryMs - now);
    tellingUntil = now + afterMs + overdueMs;
    waitUntil(tell(afterMs));
  };

  return {
    note(sighting) {
      const { origin, drill } = sighting;
      add({ ...sighting, heardAt: heardOf(origin, drill) });
      if (drill === undefined || sighting.toll.failed + sighting.toll.empty === 0) return tellSoon();
      // Nobody else may be harmed by a drill: this isolate stops at once, and the monitor is not kept waiting.
      stopped = drill;
      waitUntil(tell(0));
    },
    isStopped: (drill) => drill === stopped,
    heard(before, snapshot) {
      for (const origin of originsIn(snapshot)) if (!isOut(snapshot, origin)) heardAt.delete(origin);
      if (before.ageMs > watchfulMs) return;
      const now = clock.now();
      for (const origin of newlyOut(before.snapshot, snapshot)) heardAt.set(origin, now);
      const { drill } = snapshot;
      if (drill !== undefined && drill.number !== before.snapshot.drill?.number)
        drillHeardAt = { number: drill.number, at: now };
    },
  };
}

/** Origins that are out now and were not before. */
function newlyOut(before: Snapshot, after: Snapshot): OriginId[] {
  return originsIn(after).filter((id) => isOut(after, id) && !isOut(before, id));
}

function originsIn({ origins }: Snapshot): OriginId[] {
  return Object.keys(origins) as OriginId[];
}

/** Nobody begins anything there any more: the monitor's word, its doubt, or an operator's order. */
function isOut(snapshot: Snapshot, origin: OriginId): boolean {
  const { health, doubted, state } = standingOf(snapshot, origin);
  return health === 'down' || doubted === true || state === 'down' || state === 'disabled';
}
