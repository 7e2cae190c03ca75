import type { SessionId } from './ids.ts';
import type { Reason } from './outcome.ts';

/** A write that a request made and that nobody can be sure of: refused, fenced, or left unstored. */
export interface LostWrite {
  readonly session: SessionId;
  readonly at: number;
  readonly why: Reason;
  /** Whether the client knows: it was refused, or it got its answer all the same. */
  readonly told: 'refused' | 'answered';
  readonly method: string;
  /** Without its query; the store API's own path where an origin's PUT was refused after its answer had begun. */
  readonly path: string;
}

export const lostForMs = 30 * 86_400_000;
export const lostMax = 1_000;

/** Paths of any length come from clients. */
const pathMax = 256;

export function pathOf(target: string): string {
  return (target.split('?', 1)[0] ?? '').slice(0, pathMax);
}
