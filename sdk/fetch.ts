import { type Codec, jsonCodec } from './codec.ts';
import { type FetchSession, openSession, unkeptSession } from './fetch-session.ts';
import { answerOf, arrivingOf, leave } from './fetch-visit.ts';
import { createOrigin, type LimpetOrigin, type OriginOptions, type Visit } from './origin.ts';
import { stateUnreadable } from './refusals.ts';

export { createOrigin } from './origin.ts';
export type { Codec } from './codec.ts';
export type { LimpetFacts } from './facts.ts';
export type { FetchSession } from './fetch-session.ts';
export type { LimpetOrigin, OriginOptions } from './origin.ts';

/** A `fetch`-style handler with the session behind the request. */
export type SessionHandler<Rest extends unknown[]> = (
  request: Request,
  session: FetchSession,
  ...rest: Rest
) => Response | Promise<Response>;

/** How a handler keeps its sessions: as `createOrigin` is told, or with an origin that several handlers share. */
export type FetchOptions = (OriginOptions | LimpetOrigin) & {
  /** How the value becomes bytes. Default: JSON. A change of it makes the sessions of before unreadable (503). */
  readonly codec?: Codec;
};

/**
 * Makes a `fetch`-style handler whose sessions outlive this process. The answer is returned only when the session's
 * change is in it or stored; when it cannot be stored, 409 or 503 is returned instead.
 *
 * @param handler gets the request, its session, and whatever else the runtime passes.
 * @param options of `createOrigin`, or an origin that several handlers share; and `codec`.
 * @throws TypeError when `LIMPET_ORIGIN` or `LIMPET_KEY` is missing or malformed.
 *
 * @example
 * export default { fetch: limpet((request, session) => {
 *   session.set({ visits: 1 })
 *   return new Response('hello')
 * }) }
 */
export function limpet<Rest extends unknown[]>(
  handler: SessionHandler<Rest>,
  options: FetchOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const origin = 'arrive' in options ? options : createOrigin(options);
  const { codec = jsonCodec } = options;

  async function serve(visit: Visit, request: Request, rest: Rest): Promise<Response> {
    const opened = openSession(origin, visit, codec);
    if (!opened) return answerOf(stateUnreadable());
    const response = await handler(request, opened.session, ...rest);
    opened.seal();
    return leave(visit, response);
  }

  return async (request, ...rest) => {
    const arrival = await origin.arrive(arrivingOf(request));
    if (arrival.kind === 'direct') return handler(request, unkeptSession(), ...rest);
    if (arrival.kind === 'refused') return answerOf(arrival.refusal);
    try {
      return await serve(arrival.visit, request, rest);
    } finally {
      arrival.visit.close();
    }
  };
}
