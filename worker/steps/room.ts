import type { OriginId } from '../core/ids.ts';
import type { Visit } from '../visit.ts';

/** How often a waiting request looks. It must not wait for another request's promise: the runtime forbids it. */
const lookAgainMs = 20;

/**
 * Waits for room at an origin that has as many requests under way as it may. HAProxy queues there; a Worker has no queue that requests share, so each
 * one looks for itself, and who comes first is chance.
 */
export async function isRoomAt({ edge, pool }: Visit, home: OriginId): Promise<boolean> {
  const until = edge.clock.now() + pool.config.passive.queueMs;
  while (pool.passive.isFull(home, edge.clock.now())) {
    if (edge.clock.now() >= until) return false;
    await edge.timers.sleep(lookAgainMs);
  }
  return true;
}
