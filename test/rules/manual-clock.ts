import type { Clock, Timers } from '../../worker/ports.ts';
import { isComputing } from './threads.ts';

/** Time that stands still until the test moves it. */
export interface ManualClock extends Clock, Timers {
  /** Moves time on, and runs what is due on the way. */
  pass(ms: number): Promise<void>;
  /** Moves time on to the next alarm, again and again, until the work is done. */
  through<Value>(work: Promise<Value>): Promise<Value>;
  /** Alarms that are set and not yet run. */
  pending(): number;
}

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

export function manualClock(startMs: number): ManualClock {
  let now = startMs;
  const alarms = new Set<Alarm>();

  const after = (ms: number, run: () => void) => {
    const alarm = { at: now + ms, run };
    alarms.add(alarm);
    return () => void alarms.delete(alarm);
  };
  const ring = async (until: number): Promise<'rang' | 'quiet'> => {
    const [next] = [...alarms].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at);
    if (next === undefined) return 'quiet';
    alarms.delete(next);
    now = Math.max(now, next.at);
    next.run();
    await turn();
    return 'rang';
  };

  return {
    now: () => now,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const cancel = after(ms, resolve);
        const stop = () => {
          cancel();
          resolve();
        };
        if (signal?.aborted === true) stop();
        signal?.addEventListener('abort', stop, { once: true });
      }),
    async pass(ms) {
      const until = now + ms;
      await turn();
      while ((await ring(until)) === 'rang');
      now = until;
    },
    async through(work) {
      const state = { isDone: false };
      const done = () => {
        state.isDone = true;
      };
      work.then(done, done);
      await turn();
      while (!state.isDone) {
        if ((await ring(Number.POSITIVE_INFINITY)) === 'quiet') await turn();
      }
      return work;
    },
    pending: () => alarms.size,
  };
}

/** Lets everything that needs no time run. */
export async function turn(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (isComputing());
}
