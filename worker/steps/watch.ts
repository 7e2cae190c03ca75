import type { OriginId } from '../core/ids.ts';
import { isSafe } from '../core/resend.ts';
import { type AttemptResult, readAnswer } from './answer.ts';
import { standingOf } from '../core/snapshot.ts';
import type { Seat, Visit } from '../visit.ts';

/** `hang: 'patient'`: applications that block while they work get this long before they are doubted. */
const patienceMs = 5_000;
/** A slow answer is waited for, and its origin probed again from time to time. */
const doubtAgainMs = 2_000;
/** An origin that is handed a large state reads all of it before it can answer anything: it gets this long. */
const largeStateMs = 2_000;
const largeStateBytes = 1_048_576;
/** An unsafe request is not sent again, so its origin is asked more than once: at work on a large session it is silent for a second. */
const asksOfUnsafe = 3;
/** An origin that is in doubt anyway is asked so many times sooner. */
const soonerBy = 3;

/**
 * Waits for headers. Hangs are told from slowness by a probe of doubt: an origin that answers it is waited for, however slow this answer is;
 * one that is silent hangs. A timer of this attempt is the only thing that the steady state pays.
 */
export function watch(visit: Visit, seat: Seat, answered: Promise<Response>): Promise<AttemptResult> {
  const { timers, clock } = visit.edge;
  const { home } = seat;
  const sentAt = clock.now();
  return new Promise((resolve) => {
    const settle = (result: AttemptResult): void => {
      cancel();
      resolve(result);
    };
    const doubt = async (waitedMs: number): Promise<void> => {
      const verdict = await doubtOf(visit, home, waitedMs);
      if (verdict !== undefined) return settle({ kind: 'failed', failure: verdict });
      cancel = timers.after(doubtAgainMs, () => void doubt(waitedMs + doubtAgainMs));
    };
    const firstMs = budgetMs(visit, seat);
    let cancel = timers.after(firstMs, () => void doubt(firstMs));
    answered.then(
      (response) => {
        const result = readAnswer(visit, response);
        if (result.kind !== 'failed') learn(visit, seat, response, sentAt);
        settle(result);
      },
      () => settle({ kind: 'failed', failure: 'lost' }),
    );
  });
}

function budgetMs(visit: Visit, seat: Seat): number {
  const { doubtAfterMs, hang } = visit.pool.config.attempts;
  if (hang === 'patient') return patienceMs;
  if (bringsLargeState(seat)) return Math.max(largeStateMs, doubtAfterMs);
  return isInDoubt(visit, seat.home) ? Math.ceil(doubtAfterMs / soonerBy) : doubtAfterMs;
}

function bringsLargeState(seat: Seat): boolean {
  return (
    seat.kind === 'session' && seat.carried.kind === 'state' && seat.carried.bytes.length >= largeStateBytes
  );
}

function isInDoubt({ pool, view, now }: Visit, home: OriginId): boolean {
  return (
    standingOf(view.snapshot, home).doubted === true ||
    pool.suspicions.isSuspect(home, now) ||
    (pool.passive.isAnyOpen && pool.passive.phase(home, now) !== 'closed')
  );
}

function learn({ edge, pool }: Visit, seat: Seat, { status, headers }: Response, sentAt: number): void {
  const now = edge.clock.now();
  const by = seat.kind === 'session' ? seat.session : '';
  pool.passive.answered(seat.home, { status, headers, tookMs: now - sentAt, now, by });
}

async function doubtOf(
  visit: Visit,
  origin: OriginId,
  waitedMs: number,
): Promise<'hangs' | 'timeout' | undefined> {
  if (waitedMs >= visit.pool.config.attempts.headersMs) return 'timeout';
  for (let asks = isSafe(visit.request.method) ? 1 : asksOfUnsafe; asks > 0; asks -= 1) {
    const verdict = await visit.pool.doubt(origin);
    if (verdict !== 'silent') return verdict === 'answers' ? undefined : 'hangs';
  }
  return 'hangs';
}
