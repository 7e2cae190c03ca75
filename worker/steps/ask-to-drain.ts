import type { OriginId } from '../core/ids.ts';
import { standingOf } from '../core/snapshot.ts';
import type { Visit } from '../visit.ts';

/** An origin that has proven itself asks to be drained. The monitor is told until the snapshot says so, at most every so often. */
const tellEveryMs = 5_000;

export function askToDrain({ edge, pool, now, view, waitUntil }: Visit, origin: OriginId): void {
  if (standingOf(view.snapshot, origin).state !== undefined) return;
  if ((pool.drainAsked.get(origin) ?? 0) > now - tellEveryMs) return;
  pool.drainAsked.set(origin, now);
  edge.counters.add('drain_asked');
  const { deadlineMs } = pool.config.drain;
  waitUntil(pool.order({ kind: 'state', origin, state: 'draining', by: 'origin', deadlineMs }));
}
