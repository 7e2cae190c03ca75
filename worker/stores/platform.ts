import { waitUntil } from 'cloudflare:workers';
import type { Chance, Clock, Fetch, Timers, WaitUntil } from '../ports.ts';

/** The platform's own clock, chance, timers and fetch, behind the ports. */
export interface Platform {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly timers: Timers;
  readonly fetch: Fetch;
  readonly waitUntil: WaitUntil;
}

export const platform: Platform = {
  clock: { now: () => Date.now() },
  chance: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
  timers: {
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    sleep: (ms, signal) => sleep(ms, signal),
  },
  fetch: (url, init) => fetch(url, init),
  waitUntil: (work) => waitUntil(work),
};

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
