import type { Drill } from './drill.ts';
import type { OriginId } from './ids.ts';
import type { Told } from './operation.ts';
import type { Promotions } from './promotion.ts';

/** What a pool's monitor knows, as one immutable value. The version rises with every change. */
export interface Snapshot {
  readonly version: number;
  readonly origins: Readonly<Record<OriginId, OrderedStanding>>;
  /** The kill switch: cookies route, nothing moves, nothing is stored. Absent while it is off. */
  readonly routeOnly?: true;
  /** The fire drill under way; absent where there is none. */
  readonly drill?: Drill;
  /** Origins that the configuration does not name; absent where nobody has registered. */
  readonly registered?: Registered | undefined;
  /** Absent where no replica was ever promoted. */
  readonly promoted?: Promotions;
}

export type Registered = Readonly<Record<OriginId, RegisteredOrigin>>;

export interface RegisteredOrigin {
  readonly url: string;
  /** 0 until every edge has heard of it. */
  readonly weight: number;
}

/** How an origin is, and what is ordered of it. */
export type OrderedStanding = Standing & Told;

export interface Standing {
  readonly health: 'up' | 'down';
  /** Rises when the origin returns from being down and when one of its sessions was claimed away: cookies of an older one ask the map. */
  readonly incarnation: number;
  /** When it came back from being down, in the monitor's milliseconds: newcomers return little by little. */
  readonly returnedAt?: number;
  /** An edge could not use it, and the monitor is looking: newcomers go elsewhere, and it is doubted sooner. */
  readonly doubted?: true;
}

/** A pool of which nobody has heard anything yet: every origin counts as up until a probe says otherwise. */
export const emptySnapshot: Snapshot = { version: 0, origins: {} };

const unheardOf: Standing = { health: 'up', incarnation: 0 };

export function standingOf(snapshot: Snapshot, origin: OriginId): OrderedStanding {
  return snapshot.origins[origin] ?? unheardOf;
}

/** How far a snapshot may be trusted, by its age. */
export type Trust = 'fresh' | 'refresh' | 'stale';

export const refreshAfterMs = 1_000;
export const staleAfterMs = 5_000;
/** An operator's end holds everywhere within two seconds: with an older snapshot a request waits a moment for a newer one. */
export const waitAfterMs = 1_500;

export function trustIn(ageMs: number): Trust {
  if (ageMs <= refreshAfterMs) return 'fresh';
  return ageMs <= staleAfterMs ? 'refresh' : 'stale';
}

/** A snapshot and when the monitor said it. */
export interface ToldSnapshot {
  readonly snapshot: Snapshot;
  readonly at: number;
}

/** Where the KV mirror keeps it. */
export function snapshotMirrorKey(pool: string): string {
  return `snapshot:${pool}`;
}
