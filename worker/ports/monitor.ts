import type { Health } from '../core/health.ts';
import type { InstanceId, OriginId } from '../core/ids.ts';
import type { Operation, Order } from '../core/operation.ts';
import type { Leased, Registration } from '../core/registration.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { Unreachable } from './platform.ts';

/** What this isolate remembers of the pool's snapshot. */
export interface Snapshots {
  /** The snapshot at hand and its age; never waits. */
  current(): HeldSnapshot;
  /** Asks the colo's cache, then the monitor, then the KV mirror; waits for at most `patienceMs`. */
  refresh(patienceMs: number): Promise<HeldSnapshot>;
}

export interface HeldSnapshot {
  readonly snapshot: Snapshot;
  /** `Infinity` where this isolate has none yet. */
  readonly ageMs: number;
}

/** Tells the pool's monitor that an origin became suspect here. Transitions only, never a report per request. */
export type ReportSuspect = (origin: OriginId) => Promise<void>;

/** The monitor's own account of its pool, for operators. */
export interface MonitorStatus {
  readonly version: number;
  readonly revision: number | undefined;
  readonly alarmAt: number | undefined;
  readonly askedAt: number;
  readonly routeOnly: 'on' | 'off';
  readonly origins: readonly (Health & {
    readonly id: OriginId;
    readonly url: string;
    readonly operation: Operation;
    /** Only of an origin that has registered itself. */
    readonly leasedUntil?: number;
  })[];
}

/** The monitor's book of origins that have registered themselves. */
export interface Registrar {
  register(asked: Registration, max: number): Promise<Leased | Unreachable>;
  withdraw(
    origin: OriginId,
    instance: InstanceId,
    stamp: number,
  ): Promise<{ readonly kind: 'withdrawn' } | Unreachable>;
}

/** `not theirs`: an origin's own wish does not undo what an operator has ordered. */
export type Ordered =
  | {
      readonly kind: 'ordered';
      readonly said: 'changed' | 'the same' | 'not theirs';
      readonly version: number;
    }
  | { readonly kind: 'no such origin' };

/** Tells the pool's monitor what is wanted of an origin, or of the pool. */
export type GiveOrder = (order: Order) => Promise<Ordered | Unreachable>;

export type ReadStatus = () => Promise<MonitorStatus | Unreachable>;
