import type { IncomingMessage, ServerResponse } from 'node:http';
import { createCurrentUse } from './express/adopted-store.ts';
import { holdAnswer } from './express/hold.ts';
import { nameSubject, saveBeforeHeaders, speakLastWord, watchStore } from './express/request-hooks.ts';
import { arriving, isDirect, send } from './express/plain-http.ts';
import { createSessionUse, type RecordsOfCopies, type SessionUse } from './express/session-use.ts';
import { createOrigin, type LimpetOrigin, type OriginOptions, type Visit } from './origin.ts';
import { stateUnreadable } from './refusals.ts';

export { createOrigin } from './origin.ts';
export type { LimpetOrigin, OriginOptions } from './origin.ts';

// Keyed by what they belong to, so that a second middleware of one application finds what the first has begun.
const uses = new WeakMap<IncomingMessage, SessionUse>();
const known: RecordsOfCopies = new WeakMap();

/** Goes on to the next middleware, or with an error to the error handlers. */
export type Next = (error?: unknown) => void;

/** A middleware of Express 4 and 5, connect, or anything with their signature. */
export type Middleware<Req extends IncomingMessage, Res extends ServerResponse> = (
  req: Req,
  res: Res,
  next: Next,
) => void;

/** How the middleware keeps sessions: as `createOrigin` is told, or with an origin that several middlewares share. */
export type MiddlewareOptions<Req> = (OriginOptions | LimpetOrigin) & {
  /**
   * Whose session this is, asked as each answer leaves: `(req) => req.session.userId`. 1 to 128 visible characters; `undefined` while
   * nobody has logged in. An operator can end, export or erase all sessions of one subject; the edge keeps a keyed hash of it only.
   */
  readonly subject?: (req: Req) => string | undefined;
};

/**
 * Wraps `express-session`, so that its sessions outlive this process: `app.use(limpet(session({ … })))`.
 *
 * A request that came through Limpet works on its own session's records, whatever store is configured; one that did
 * not (a health probe) uses that store as before. An answer whose session changed leaves only when the change is in
 * it or stored; when it cannot be stored, the client gets 409 or 503 instead, or, once the answer has begun, a cut
 * connection. An answer that changed nothing passes untouched.
 *
 * @param session what `session({ … })` returns.
 * @param options of `createOrigin`, or an origin that several middlewares share; and `subject`.
 * @throws TypeError when `LIMPET_ORIGIN` or `LIMPET_KEY` is missing or malformed.
 *
 * @example
 * import session from 'express-session'
 * import { limpet } from 'limpet/express'
 *
 * app.use(limpet(session({ secret, resave: false, saveUninitialized: false })))
 */
export function limpet<Req extends IncomingMessage, Res extends ServerResponse>(
  session: (req: Req, res: Res, next: Next) => unknown,
  options: MiddlewareOptions<Req> = {},
): Middleware<Req, Res> {
  const origin = 'arrive' in options ? options : createOrigin(options);
  const now = 'now' in options && options.now ? options.now : Date.now;
  const current = createCurrentUse();

  async function arrive(req: Req, res: Res, next: Next): Promise<void> {
    const arrival = await origin.arrive(arriving(req));
    if (arrival.kind === 'direct') return void session(req, res, next);
    if (arrival.kind === 'refused') return send(res, arrival.refusal);
    const { visit } = arrival;
    const use = createSessionUse(visit, known, now);
    res.once('close', () => visit.close());
    if (res.destroyed) visit.close();
    if (!use) return send(res, stateUnreadable());
    uses.set(req, use);
    serve(req, res, next, use, visit);
  }

  function serve(req: Req, res: Res, next: Next, use: SessionUse, visit: Visit): void {
    const hold = holdAnswer(res, {
      seal(extent) {
        if (extent === 'begun') saveBeforeHeaders(req, use);
        if (options.subject) nameSubject(req, visit, options.subject);
        return use.seal(extent);
      },
      late: () => use.late(),
    });
    use.onLateRefused = hold.cut;
    watchStore(req, use, current);
    run(req, res, next, use);
  }

  function run(req: Req, res: Res, next: Next, use: SessionUse): void {
    const goOn: Next = (error) => {
      speakLastWord(res, use, current);
      next(error);
    };
    current.run(use, () => session(req, res, goOn));
  }

  return (req, res, next) => {
    const use = uses.get(req);
    if (use) run(req, res, next, use);
    else if (isDirect(req)) session(req, res, next);
    else arrive(req, res, next).catch(next);
  };
}
