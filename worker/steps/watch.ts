import type { OriginId } from '../core/ids.ts';
import { type AttemptResult, readAnswer } from './answer.ts';
import { standingOf } from '../core/snapshot.ts';
import type { Seat, Visit } from '../visit.ts';

/** `hang: 'patient'`: applications that block while they work get this long before they are doubted. */
const patienceMs = 5_000;
/** A slow answer is waited for, and its origin probed again from time to time. */
const doubtAgainMs = 2_000;
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
    const firstMs = budgetMs(visit, home);
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

/** An origin that is in doubt anyway is asked sooner. */
function budgetMs({ pool, view, now }: Visit, home: OriginId): number {
  const { doubtAfterMs, hang } = pool.config.attempts;
  if (hang === 'patient') return patienceMs;
  const isInDoubt =
    standingOf(view.snapshot, home).doubted === true ||
    pool.suspicions.isSuspect(home, now) ||
    (pool.passive.isAnyOpen && pool.passive.phase(home, now) !== 'closed');
  return isInDoubt ? Math.ceil(doubtAfterMs / soonerBy) : doubtAfterMs;
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
  return (await visit.pool.doubt(origin)) === 'answers' ? undefined : 'hangs';
}
