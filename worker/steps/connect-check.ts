import type { OriginId } from '../core/ids.ts';
import { isSafe, mayResend } from '../core/resend.ts';
import type { AttemptResult } from './answer.ts';
import { sending } from './replay.ts';
import type { Visit } from '../visit.ts';

/** What can be sent again needs no look ahead, and what goes through a binding has no address to look at. */
export function isChecked(visit: Visit, home: OriginId): boolean {
  if (isSafe(visit.request.method) || visit.pool.origins.get(home)?.via !== '') return false;
  return !mayResend(sending(visit), 'lost');
}

/**
 * A request that nobody could send again goes where a connection has just opened. Where none opens nothing has left, which is the one proof of
 * non-delivery that there is without Cloudflare's own statuses. It says nothing of a process that hangs: its kernel accepts.
 */
export async function checked(
  visit: Visit,
  home: OriginId,
  send: () => Promise<AttemptResult>,
): Promise<AttemptResult> {
  if ((await visit.pool.connects(home)) === 'opens') return send();
  visit.trail.attempts += 1;
  return { kind: 'failed', failure: 'refused' };
}
