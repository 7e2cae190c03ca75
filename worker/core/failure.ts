import type { Reason } from './outcome.ts';

/** How an attempt can fail. What each kind means stands in one table. */
export type FailureKind =
  | 'undelivered'
  | 'refused'
  | 'lost'
  | 'hangs'
  | 'timeout'
  | 'unavailable'
  | 'protocol';

export interface FailureMeaning {
  /** `unsent`: not a byte of it has left. `always`: it surely never reached the application. `never`: another origin would be no better. */
  readonly resend: 'unsent' | 'always' | 'if safe' | 'never';
  /** Whether the origin itself is in doubt after it, so that a probe must say. */
  readonly doubt: boolean;
  readonly status: 502 | 503 | 504;
  readonly code: Reason;
  readonly left: Reason;
}

export const failures: Readonly<Record<FailureKind, FailureMeaning>> = {
  // Cloudflare answers 521, 523, 525, 526 when no connection, and so no request, was made.
  undelivered: { resend: 'always', doubt: true, status: 502, code: 'not_replayed', left: 'home_refused' },
  // A connection that was only to see whether one opens did not: nothing was sent.
  refused: { resend: 'unsent', doubt: true, status: 502, code: 'not_replayed', left: 'home_refused' },
  // `fetch` throws the same error for a refused connection and for a reset after the whole POST: nothing is proven.
  lost: { resend: 'if safe', doubt: true, status: 502, code: 'delivery_unknown', left: 'home_lost' },
  // No headers, and the probe of doubt was silent too.
  hangs: { resend: 'if safe', doubt: false, status: 504, code: 'delivery_unknown', left: 'home_hangs' },
  // No headers within the budget, although the origin answers probes: a slow request, not a dead origin.
  timeout: { resend: 'if safe', doubt: false, status: 504, code: 'origin_timeout', left: 'home_hangs' },
  // 502, 503 or 504 from the origin, which the operator lets count as "cannot serve".
  unavailable: {
    resend: 'if safe',
    doubt: false,
    status: 503,
    code: 'home_in_doubt',
    left: 'home_unavailable',
  },
  // An answer that is none: an unasked 101.
  protocol: { resend: 'never', doubt: false, status: 502, code: 'protocol_error', left: 'home_lost' },
};

const undeliveredStatuses = new Set([521, 523, 525, 526]);
/** Statuses by which Cloudflare reports an origin's failure in place of an answer; 522 and 524 do not prove non-delivery. */
const lostStatuses = new Set([520, 522, 524, 530]);

/** The failure that a status stands for, or undefined where it is the origin's own answer. */
export function failureOfStatus(status: number, failoverOn: readonly number[]): FailureKind | undefined {
  if (status < 500) return undefined;
  if (undeliveredStatuses.has(status)) return 'undelivered';
  if (lostStatuses.has(status)) return 'lost';
  return failoverOn.includes(status) ? 'unavailable' : undefined;
}
