/** What an origin that speaks the contract says of itself: requests of sessions that are there now, and how long ago the last one left. */
export interface Account {
  readonly inFlight: number;
  readonly quietMs: number;
}

/** One look at all sessions of an origin that is being drained. */
export interface Pass {
  readonly moved: number;
  readonly left: number;
  /** Of those left: nothing of them is stored. */
  readonly withoutData: number;
}

/** What is known before and after a pass. */
export interface Drained {
  readonly orderedMs: number;
  readonly pass: Pass;
  readonly before: Account | 'gone' | 'unknown';
  readonly after: Account | 'gone' | 'unknown';
  /** Past the deadline, and longer past it than any request may take. */
  readonly isLong: 'yes' | 'no';
}

/** Every edge routes by a snapshot that is younger than this. */
export const knownAfterMs = 2_000;
/** An edge that has an answer stores its state within two seconds, or refuses it. */
export const acknowledgedAfterMs = 2_500;

/**
 * Why the origin must not be stopped yet; undefined where it may be. The pass stands between two accounts that saw nothing come or go, so that
 * nothing can have begun, ended or been stored meanwhile.
 */
export function whyNotSafe({ orderedMs, pass, before, after, isLong }: Drained): string | undefined {
  if (orderedMs < knownAfterMs) return 'not every edge knows of the drain yet';
  if (pass.left > 0) return `${pass.left} sessions live there`;
  if (before === 'gone' || after === 'gone') return undefined;
  if (before === 'unknown' || after === 'unknown')
    return isLong === 'yes' ? undefined : 'it does not say what is in flight there';
  if (after.inFlight > 0) return `${after.inFlight} requests are in flight there`;
  if (before.quietMs < acknowledgedAfterMs) return 'its last answer may not be stored yet';
  return after.quietMs < before.quietMs ? 'a request has come meanwhile' : undefined;
}
