/** How often something has been put out of use of late. As data: forgiving is a matter of reading it later. */
export interface Setbacks {
  readonly times: number;
  /** Until when it was out the last time. */
  readonly until: number;
}

export const noSetbacks: Setbacks = { times: 0, until: 0 };

/** Envoy's: each time one `baseMs` longer than the last, up to `maxMs`; one time is forgiven for each `baseMs` in good standing. */
export interface Growth {
  readonly baseMs: number;
  readonly maxMs: number;
}

export function afterSetback(before: Setbacks, now: number, growth: Growth): Setbacks {
  const times = unforgiven(before, now, growth) + 1;
  return { times, until: now + Math.min(growth.maxMs, growth.baseMs * times) };
}

/** The same setback, met again before it was over. */
export function prolonged({ times, until }: Setbacks, now: number, { baseMs, maxMs }: Growth): Setbacks {
  return { times, until: Math.max(until, now + Math.min(maxMs, baseMs * times)) };
}

function unforgiven({ times, until }: Setbacks, now: number, { baseMs }: Growth): number {
  return Math.max(0, times - Math.max(0, Math.floor((now - until) / baseMs)));
}
