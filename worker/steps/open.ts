import { waitAfterMs } from '../core/snapshot.ts';
import type { HeldSnapshot, WaitUntil } from '../ports.ts';
import { noFlights } from './flight.ts';
import { PoolView, snapshotPatienceMs } from './view.ts';
import type { Edge, Pool, RequestUrl, Visit } from '../visit.ts';

/** A visit, with the pool as it is seen now. Waits only where nobody has kept this isolate's snapshot young: its first request, or the first after a pause. */
export function open(
  request: Request,
  edge: Edge,
  pool: Pool,
  url: RequestUrl,
  waitUntil: WaitUntil,
): Visit | Promise<Visit> {
  const visitWith = (held: HeldSnapshot): Visit => {
    const now = edge.clock.now();
    const trail = {
      failed: new Set<never>(),
      struck: new Set<never>(),
      attempts: 0,
      flights: noFlights,
      body: undefined,
    };
    const here = pool.membership.asOf(pool, held.snapshot);
    return { request, edge, pool: here, url, now, waitUntil, view: new PoolView(here, held, now), trail };
  };
  const held = pool.snapshots.current();
  const view = visitWith(held);
  if (view.view.trust === 'fresh') return view;
  const refreshed = pool.snapshots.refresh(snapshotPatienceMs);
  return held.ageMs > waitAfterMs ? refreshed.then(visitWith) : view;
}
