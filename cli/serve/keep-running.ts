import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../say.ts';
import type { Runtime } from './runtime.ts';

const backOff = { firstMs: 100, mostMs: 5_000 };
/** A run this long was a good one: what comes after it begins anew. */
const goodRunMs = 60_000;
/** Requests under way at the end get this long. */
const drainMs = 30_000;

export interface Kept {
  /** Takes no new connection, waits for the requests under way, and ends. A second call does not wait. */
  stop(): Promise<void>;
}

/** Starts workerd again whenever it has ended by itself, after a pause that grows. `current` is the run that has just become ready. */
export function keepRunning(first: Runtime, start: () => Runtime): Kept {
  let current = first;
  let isStopping = false;

  const watch = async (): Promise<void> => {
    for (let pauseMs = backOff.firstMs; ; pauseMs = Math.min(pauseMs * 2, backOff.mostMs)) {
      const from = performance.now();
      const end = await current.ended;
      if (isStopping) return;
      if (performance.now() - from >= goodRunMs) pauseMs = backOff.firstMs;
      say(`workerd (${current.pid}) ${end}. It starts again in ${pauseMs} ms.`);
      await sleep(pauseMs);
      if (isStopping) return;
      current = start();
      if (await current.ready) say(`workerd (${current.pid}) serves again.`);
    }
  };
  const watched = watch();

  return {
    async stop() {
      if (isStopping) return current.signal('SIGKILL');
      isStopping = true;
      current.signal('SIGTERM');
      const late = setTimeout(() => current.signal('SIGKILL'), drainMs);
      await Promise.all([current.ended, watched]);
      clearTimeout(late);
    },
  };
}
