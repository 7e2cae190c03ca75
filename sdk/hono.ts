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

/** What the middleware sets: `new Hono<LimpetEnv>()` makes `c.var.session` typed. */
export interface LimpetEnv {
  readonly Variables: { session: FetchSession };
}

/** What the middleware uses of a Hono context. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request };
  get res(): Response;
  set res(answer: Response | undefined);
  set(name: 'session', session: FetchSession): void;
}

/** How the middleware keeps sessions: as `createOrigin` is told, or with an origin that several middlewares share. */
export type HonoOptions = (OriginOptions | LimpetOrigin) & {
  /** How the value becomes bytes. Default: JSON. A change of it makes the sessions of before unreadable (503). */
  readonly codec?: Codec;
};

/**
 * Hono's sessions, outliving this process: `c.var.session` in every handler after it. The promise is that of `limpet/fetch`: the answer leaves only
 * when the session's change is in it or stored; otherwise the client gets 409 or 503, and no header of the application's answer.
 *
 * @throws TypeError when `LIMPET_ORIGIN` or `LIMPET_KEY` is missing or malformed.
 *
 * @example
 * const app = new Hono<LimpetEnv>()
 * app.use(limpet())
 * app.post('/cart', (c) => {
 *   c.var.session.set({ cart: [1] })
 *   return c.json('added')
 * })
 */
export function limpet(
  options: HonoOptions = {},
): (context: HonoContextLike, next: () => Promise<void>) => Promise<Response | undefined> {
  const origin = 'arrive' in options ? options : createOrigin(options);
  const { codec = jsonCodec } = options;

  async function serve(
    visit: Visit,
    context: HonoContextLike,
    next: () => Promise<void>,
  ): Promise<Response | undefined> {
    const opened = openSession(origin, visit, codec);
    if (!opened) return answerOf(stateUnreadable());
    context.set('session', opened.session);
    await next();
    opened.seal();
    const answer = await leave(visit, context.res);
    // Set over another answer, Hono would add that one's headers and cookies to it.
    if (answer !== context.res) context.res = undefined;
    context.res = answer;
    return undefined;
  }

  return async (context, next) => {
    const arrival = await origin.arrive(arrivingOf(context.req.raw));
    if (arrival.kind === 'refused') return answerOf(arrival.refusal);
    if (arrival.kind === 'direct') {
      context.set('session', unkeptSession());
      await next();
      return undefined;
    }
    try {
      return await serve(arrival.visit, context, next);
    } finally {
      arrival.visit.close();
    }
  };
}
