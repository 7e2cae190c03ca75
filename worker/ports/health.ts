import type { Phase } from '../core/breaker.ts';
import type { OriginId } from '../core/ids.ts';
import type { Registered } from '../core/snapshot.ts';

/** What isolates know by themselves of origins that failed them. */
export interface Suspicions {
  isSuspect(origin: OriginId, now: number): boolean;
  /** When this isolate first could not reach the origin; undefined while it is trusted. */
  since(origin: OriginId, now: number): number | undefined;
  suspect(origin: OriginId, now: number): 'newly' | 'already';
  trust(origin: OriginId, now: number): void;
}

/** An answer, as far as it says something of its origin's health. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** Milliseconds to its headers. */
  readonly tookMs: number;
  readonly now: number;
  /** The session that saw it; empty for a request without one. */
  readonly by: string;
}

/** What this isolate's own requests say of the pool's origins (docs/health.md). */
export interface Passive {
  /** False in the steady state: no breaker is open, and none need be asked. */
  readonly isAnyOpen: boolean;
  phase(origin: OriginId, now: number): Phase;
  /** Takes the one trial of a half-open breaker. */
  try(origin: OriginId, now: number): void;
  answered(origin: OriginId, answer: Answered): void;
  failed(origin: OriginId, now: number, by: string): void;
  /** The origin's failures led to a suspicion: they are not counted a second time. */
  acted(origin: OriginId): void;
  /** Of origins that have registered themselves only these are in the pool. */
  keepTo(registered: Registered | undefined): void;
  /** Counted only where the origin has a cap. What it returns says that the request's headers are here, or never will be. */
  begin(origin: OriginId, now: number): () => void;
  isFull(origin: OriginId, now: number): boolean;
  /** Whether a newcomer with this key may go there: neither full, busy nor slow, and let in if it has just come back. */
  welcomes(origin: OriginId, key: number, returnedAt: number | undefined, now: number): boolean;
  mayRetry(now: number): boolean;
  retried(now: number): void;
  seen(origin: OriginId, now: number): SeenOrigin;
}

/** An origin as this isolate has seen it in the last ten seconds, for operators. */
export interface SeenOrigin {
  readonly breaker: Phase;
  readonly attempts: number;
  readonly failures: number;
  readonly typicalMs: number | null;
  readonly isSlow: boolean;
  readonly isBusy: boolean;
}

/** A probe of doubt: does the origin answer at all? At most one at a time runs per isolate and origin. */
export type Doubt = (origin: OriginId) => Promise<'answers' | 'refuses' | 'silent'>;

/** Whether a connection to the origin opens. Nothing is sent over it. */
export type Connects = (origin: OriginId) => Promise<'opens' | 'refused' | 'silent'>;
