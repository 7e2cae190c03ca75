import { type FailureKind, failures } from './failure.ts';

/** What of a request decides whether it may be sent again. */
export interface Sending {
  readonly method: string;
  readonly idempotencyKey: 'present' | 'absent';
  /** The operator's word for the route: its application takes the same request twice. */
  readonly route: 'safe' | 'any';
  /** `none`: nothing to replay; `kept`: a copy of the body is at hand; `gone`: it was streamed away. */
  readonly body: 'none' | 'kept' | 'gone';
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isSafe(method: string): boolean {
  return safeMethods.has(method);
}

/**
 * The one table of what may be repeated: safe methods, a request with an Idempotency-Key or on a route of which the operator says so, or one that was provably never delivered;
 * and in each case only with the whole body at hand, or before any of it has left.
 */
export function mayResend(sending: Sending, failure: FailureKind): boolean {
  const { resend } = failures[failure];
  if (resend === 'unsent') return true;
  if (sending.body === 'gone' || resend === 'never') return false;
  if (resend === 'always' || isSafe(sending.method)) return true;
  return sending.idempotencyKey === 'present' || sending.route === 'any';
}

/** An answer that proves that the application has not run (409 with `Limpet-Need`) asks only for the body. */
export function mayRepeat(sending: Sending): boolean {
  return sending.body !== 'gone';
}
