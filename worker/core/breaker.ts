import { afterSetback, type Growth, noSetbacks, type Setbacks } from './setbacks.ts';

/** A circuit breaker as data. It has no timer: what it lets through follows from the time at which it is asked. */
export interface Breaker {
  readonly state: 'closed' | 'open';
  readonly setbacks: Setbacks;
  /** The one trial of a half-open breaker is under way until its answer, or until then. */
  readonly trialUntil: number;
  /** When it closed last: newcomers come back little by little. */
  readonly closedAt: number | undefined;
}

export const neverOpened: Breaker = {
  state: 'closed',
  setbacks: noSetbacks,
  trialUntil: 0,
  closedAt: undefined,
};

/** What a trial's request may take before the next one is let through: it may have been cancelled with its client. */
export const trialForMs = 5_000;

export type Phase = 'closed' | 'open' | 'half-open' | 'on trial';

export function phaseOf({ state, setbacks, trialUntil }: Breaker, now: number): Phase {
  if (state === 'closed') return 'closed';
  if (now < setbacks.until) return 'open';
  return now < trialUntil ? 'on trial' : 'half-open';
}

export function opened(breaker: Breaker, now: number, growth: Growth): Breaker {
  return { ...breaker, state: 'open', setbacks: afterSetback(breaker.setbacks, now, growth), trialUntil: 0 };
}

export function onTrial(breaker: Breaker, now: number): Breaker {
  return { ...breaker, trialUntil: now + trialForMs };
}

/** What an answer says to a breaker: one that has served its time closes with the first good one and opens again with the first bad one. */
export function afterAnswer(breaker: Breaker, answer: 'good' | 'bad', now: number, growth: Growth): Breaker {
  const phase = phaseOf(breaker, now);
  if (phase === 'closed' || phase === 'open') return breaker;
  return answer === 'bad'
    ? opened(breaker, now, growth)
    : { ...breaker, state: 'closed', trialUntil: 0, closedAt: now };
}
