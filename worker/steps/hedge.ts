import { keyOf } from '../core/rendezvous.ts';
import { isSafe } from '../core/resend.ts';
import type { Seat, Visit } from '../visit.ts';
import { type AttemptResult, discard } from './answer.ts';
import { attempt } from './attempt.ts';
import { blame } from './blame.ts';
import { mayRetry } from './retry.ts';

export interface Tried {
  readonly seat: Seat;
  readonly result: AttemptResult;
}

/** Only where nothing is bound: a session has one home, and an answer from elsewhere would have moved it. */
export function isHedged({ request, pool }: Visit, seat: Seat): boolean {
  return (
    pool.config.attempts.hedgeAfterMs > 0 &&
    seat.kind === 'stateless' &&
    isSafe(request.method) &&
    request.body === null
  );
}

/** One try, and a second one elsewhere when it takes long: the first answer counts, the other one is let go. */
export async function hedged(visit: Visit, seat: Seat): Promise<Tried> {
  const first = tryAt(visit, seat);
  const early = await withinMs(visit, first);
  if (early !== undefined) return early;
  const other = otherSeat(visit, seat);
  if (other === undefined || !mayRetry(visit)) return first;
  visit.edge.counters.add('hedged');
  const second = tryAt(visit, other);
  const won = await Promise.race([first, second]);
  const lost = won.seat === seat ? second : first;
  if (won.result.kind === 'failed') {
    await blame(visit, won.seat, won.result.failure);
    return lost;
  }
  visit.waitUntil(lost.then(letGo));
  return won;
}

async function tryAt(visit: Visit, seat: Seat): Promise<Tried> {
  return { seat, result: await attempt(visit, seat) };
}

async function withinMs({ edge, pool }: Visit, work: Promise<Tried>): Promise<Tried | undefined> {
  const done = new AbortController();
  const late = edge.timers.sleep(pool.config.attempts.hedgeAfterMs, done.signal).then(() => undefined);
  const first = await Promise.race([work, late]);
  done.abort();
  return first;
}

function otherSeat({ view, url, trail }: Visit, seat: Seat): Seat | undefined {
  const elsewhere = view.placeNew(
    keyOf(url.target),
    (origin) => origin !== seat.home && !trail.failed.has(origin),
  );
  return elsewhere === undefined ? undefined : { ...seat, home: elsewhere };
}

async function letGo({ result }: Tried): Promise<void> {
  if (result.kind === 'answer') await discard(result.response);
}
