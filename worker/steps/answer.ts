import { type FailureKind, failureOfStatus } from '../core/failure.ts';
import type { Visit } from '../visit.ts';

/** What an origin says it lacks, before its application has run. */
export type Need = 'state' | 'row' | 'session' | 'store';

export type AttemptResult =
  | { readonly kind: 'answer'; readonly response: Response }
  | { readonly kind: 'need'; readonly need: Need }
  | { readonly kind: 'failed'; readonly failure: FailureKind };

/** Reads what came back: an answer, a need, or a status that stands for a failure. */
export function readAnswer(visit: Visit, response: Response): AttemptResult {
  const result = meaningOf(visit, response);
  if (result.kind !== 'answer') visit.waitUntil(discard(response));
  return result;
}

/** Lets go of an answer that nobody will read, so that its connection is free again. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel();
}

/** The only upgrade that is passed on: any other one would take the connection out of our sight. */
export function asksForWebSocket(headers: Headers): boolean {
  return headers.get('upgrade')?.toLowerCase() === 'websocket';
}

function meaningOf(visit: Visit, response: Response): AttemptResult {
  if (response.status === 409 && visit.pool.config.session.contract) {
    const need = needOf(response.headers.get('limpet-need'));
    if (need !== undefined) return { kind: 'need', need };
  }
  if (response.status === 101 && response.webSocket === null) return { kind: 'failed', failure: 'protocol' };
  if (response.status === 101 && !asksForWebSocket(visit.request.headers))
    return { kind: 'failed', failure: 'protocol' };
  const failure = failureOfStatus(response.status, visit.pool.config.attempts.failoverOn);
  return failure === undefined ? { kind: 'answer', response } : { kind: 'failed', failure };
}

function needOf(text: string | null): Need | undefined {
  return text === 'state' || text === 'row' || text === 'session' || text === 'store' ? text : undefined;
}
