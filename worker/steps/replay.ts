import type { Sending } from '../core/resend.ts';
import { routeOf } from './route-of.ts';
import type { Visit } from '../visit.ts';

/** What of this request can be sent again. */
export function sending({ request, trail, url, edge }: Visit): Sending {
  return {
    method: request.method,
    idempotencyKey: request.headers.has('idempotency-key') ? 'present' : 'absent',
    route: routeOf(url, edge.config)?.resend ?? 'safe',
    body: request.body === null ? 'none' : trail.body === undefined ? 'gone' : 'kept',
  };
}

/** A body of known, moderate length is read before it is sent, so that it can be sent again. Any other one is streamed once. */
export async function keepBody({ request, pool, trail }: Visit): Promise<void> {
  const length = Number(request.headers.get('content-length') ?? Number.NaN);
  if (request.body !== null && length <= pool.config.attempts.bodyBytesMax)
    trail.body = await request.arrayBuffer();
}
