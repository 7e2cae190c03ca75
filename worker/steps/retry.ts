import type { Visit } from '../visit.ts';

/** Whether another request may be sent again just now; who asks will do it. */
export function mayRetry({ edge, pool }: Visit): boolean {
  const now = edge.clock.now();
  if (!pool.passive.mayRetry(now)) return false;
  pool.passive.retried(now);
  return true;
}
