import type { OriginId } from '../core/ids.ts';
import { type AttemptResult, readAnswer } from './answer.ts';
import type { Visit } from '../visit.ts';

/** `hang: 'patient'`: applications that block while they work get this long before they are doubted. */
const patienceMs = 5_000;
/** A slow answer is waited for, and its origin probed again from time to time. */
const doubtAgainMs = 2_000;

/**
 * Waits for headers. Hangs are told from slowness by a probe of doubt: an origin that answers it is waited for, however slow this answer is;
 * one that is silent hangs. A timer of this attempt is the only thing that the steady state pays.
 */
export function watch(visit: Visit, origin: OriginId, answered: Promise<Response>): Promise<AttemptResult> {
  const { timers } = visit.edge;
  const { doubtAfterMs, hang } = visit.pool.config.attempts;
  return new Promise((resolve) => {
    const settle = (result: AttemptResult): void => {
      cancel();
      resolve(result);
    };
    const doubt = async (waitedMs: number): Promise<void> => {
      const verdict = await doubtOf(visit, origin, waitedMs);
      if (verdict !== undefined) return settle({ kind: 'failed', failure: verdict });
      cancel = timers.after(doubtAgainMs, () => void doubt(waitedMs + doubtAgainMs));
    };
    const firstMs = hang === 'patient' ? patienceMs : doubtAfterMs;
    let cancel = timers.after(firstMs, () => void doubt(firstMs));
    answered.then(
      (response) => settle(readAnswer(visit, response)),
      () => settle({ kind: 'failed', failure: 'lost' }),
    );
  });
}

async function doubtOf(
  visit: Visit,
  origin: OriginId,
  waitedMs: number,
): Promise<'hangs' | 'timeout' | undefined> {
  if (waitedMs >= visit.pool.config.attempts.headersMs) return 'timeout';
  return (await visit.pool.doubt(origin)) === 'answers' ? undefined : 'hangs';
}
