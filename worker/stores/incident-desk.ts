import type { DrillWish } from '../core/drill.ts';
import type { Incident } from '../core/incident.ts';
import type { Tally } from '../core/tally.ts';
import type { PoolName } from '../core/ids.ts';
import type { Clock, DrillSaid, IncidentDesk, Timers, Unreachable } from '../ports.ts';
import { persist } from './session-shards.ts';

/** What a pool's monitor keeps of incidents. */
export interface IncidentObject {
  /** `at`: the teller's clock as it told. `key`: the same telling, asked again, is one. */
  noteIncidents(tallies: readonly Tally[], at: number, key: string): Promise<{ readonly kind: 'noted' }>;
  incidents(): Promise<readonly Incident[]>;
  drill(wish: DrillWish): Promise<DrillSaid>;
  stopDrill(): Promise<{ readonly kind: 'stopped'; readonly number: number | null }>;
}

export interface IncidentObjects {
  getByName(name: string): IncidentObject;
}

export interface IncidentDeskOptions {
  readonly pool: PoolName;
  readonly monitors: IncidentObjects;
  readonly clock: Clock;
  readonly timers: Timers;
}

export function createIncidentDesk(options: IncidentDeskOptions): IncidentDesk {
  return {
    list: () => ask(options, (monitor) => monitor.incidents()),
    drill: (wish) => ask(options, (monitor) => monitor.drill(wish)),
    stopDrill: () => ask(options, (monitor) => monitor.stopDrill()),
  };
}

export function tellTallies(
  options: IncidentDeskOptions,
  tallies: readonly Tally[],
  key: string,
): Promise<{ readonly kind: 'noted' } | Unreachable> {
  const at = options.clock.now();
  return ask(options, (monitor) => monitor.noteIncidents(tallies, at, key));
}

function ask<Answer>(
  { pool, monitors, clock, timers }: IncidentDeskOptions,
  call: (monitor: IncidentObject) => Promise<Answer>,
): Promise<Answer | Unreachable> {
  return persist(() => call(monitors.getByName(pool)), { clock, timers });
}
