import type { Lifetimes } from './cookie-value.ts';
import type { InstanceId, OriginId, SubjectTag } from './ids.ts';

/** What the map knows of a session. Times are milliseconds since 1970. */
export interface Row {
  readonly home: OriginId;
  readonly instance: InstanceId;
  readonly epoch: number;
  /** Number of the newest stored state; 0 while nothing is stored. */
  readonly version: number;
  /** When the session has been idle for too long. Every renewal and every stored state moves it on. */
  readonly expiresAt: number;
  /** The absolute limit, which nothing moves. */
  readonly endsAt: number;
  /** The nonce of the claim that made this epoch: a claim whose answer was lost is repeated under the same nonce. */
  readonly claimedBy: string;
  /** Absent while no origin has said whose session it is. */
  readonly subject?: SubjectTag;
}

/**
 * What a shard holds under a session id. An ended session keeps its mark until the absolute limit, and its subject: what is left of its states in
 * older copies must be found when the subject is erased.
 */
export type Slot =
  | { readonly kind: 'none' }
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'ended'; readonly endsAt: number; readonly subject?: SubjectTag };

/** The row as it stands without one being written: what a signed cookie or capability says. */
export interface Assumed {
  readonly home: OriginId;
  readonly epoch: number;
}

export interface Limits {
  readonly expiresAt: number;
  readonly endsAt: number;
}

/** The slot as of now: what has expired is not there any more, whether a sweep has run or not. */
export function current(slot: Slot, now: number): Slot {
  if (slot.kind === 'row' && (slot.row.expiresAt <= now || slot.row.endsAt <= now)) return { kind: 'none' };
  if (slot.kind === 'ended' && slot.endsAt <= now) return { kind: 'none' };
  return slot;
}

/** Until when the map keeps a session: idle from now, and the absolute limit from its start. */
export function limitsFrom(startedS: number, now: number, { idleMs, absoluteMs }: Lifetimes): Limits {
  const endsAt = startedS * 1000 + absoluteMs;
  return { expiresAt: Math.min(endsAt, now + idleMs), endsAt };
}
