import type { DrillRefusal, DrillWish } from '../core/drill.ts';
import type { SessionId } from '../core/ids.ts';
import type { Incident } from '../core/incident.ts';
import type { LostWrite } from '../core/lost-write.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { Tally } from '../core/tally.ts';
import type { HeldSnapshot } from './monitor.ts';
import type { Unreachable } from './platform.ts';

/** Writes that were refused, fenced or left unstored, for the operator: kept by the pool's monitor, the newest thousand, for thirty days. */
export interface LostWrites {
  /** Never waits and never throws; a crowd of them is told together. */
  note(write: LostWrite): void;
  list(): Promise<readonly LostWrite[] | Unreachable>;
  /** Those of sessions whose subject is erased. */
  forget(sessions: readonly SessionId[]): Promise<{ readonly kind: 'forgotten' } | Unreachable>;
}

/** What a request saw of an origin that it had to leave. */
export type Sighting = Omit<Tally, 'heardAt'>;

/** This isolate's account of origins that fail: told to the pool's monitor when something happens, at most every ten seconds. */
export interface Incidents {
  /** Never waits and never throws. */
  note(sighting: Sighting): void;
  /** Whether this isolate has seen that drill do harm. */
  isStopped(drill: number): boolean;
  /** A snapshot of a newer version has come in the place of this one. */
  heard(before: HeldSnapshot, snapshot: Snapshot): void;
}

export type DrillSaid = { readonly kind: 'begun'; readonly incident: Incident } | DrillRefusal;

/** The monitor's records, for operators: of thirty days, the newest thousand. */
export interface IncidentDesk {
  /** Newest first. */
  list(): Promise<readonly Incident[] | Unreachable>;
  drill(wish: DrillWish): Promise<DrillSaid | Unreachable>;
  /** The drill's incident, or none where there was no drill. */
  stopDrill(): Promise<{ readonly kind: 'stopped'; readonly number: number | null } | Unreachable>;
}
