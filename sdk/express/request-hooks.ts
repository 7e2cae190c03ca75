import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CurrentUse, SessionStore } from './adopted-store.ts';
import type { Visit } from '../origin.ts';
import type { SessionUse } from './session-use.ts';

/** express-session saves at the end only; an answer that begins before must be saved before. */
export function saveBeforeHeaders(req: IncomingMessage, use: SessionUse): void {
  const session: unknown = Reflect.get(req, 'session');
  const sid: unknown = Reflect.get(req, 'sessionID');
  if (use.ending === 'yes' || typeof sid !== 'string' || typeof session !== 'object' || session === null)
    return;
  if (use.differs(sid, session) && 'save' in session && typeof session.save === 'function') session.save();
}

/** express-session names its store on the request; this is where the middleware learns of it. */
export function watchStore(req: IncomingMessage, use: SessionUse, current: CurrentUse): void {
  let own: SessionStore | undefined;
  let bound: SessionStore | undefined;
  Object.defineProperty(req, 'sessionStore', {
    configurable: true,
    enumerable: true,
    get() {
      // Most requests never look at it.
      if (own) bound ??= current.boundTo(own, use);
      return bound;
    },
    set(store: SessionStore) {
      current.adopt(store);
      own = store;
      bound = undefined;
    },
  });
}

/** Outermost: express-session's own `end` runs for this request, whoever calls it. */
export function speakLastWord(res: ServerResponse, use: SessionUse, current: CurrentUse): void {
  const { end } = res;
  Object.assign(res, {
    end(...args: unknown[]): unknown {
      use.ending = 'yes';
      return current.run(use, () => Reflect.apply(end, res, args));
    },
  });
}

/** Asked while there is a session at all; a label that cannot be had costs no answer. */
export function nameSubject<Req extends object>(
  req: Req,
  visit: Visit,
  subjectOf: (req: Req) => string | undefined,
): void {
  const session: unknown = Reflect.get(req, 'session');
  if (typeof session !== 'object' || session === null) return;
  try {
    const name = subjectOf(req);
    if (name !== undefined) visit.subject(name);
  } catch (error) {
    console.warn(`limpet: subject_unknown: ${error instanceof Error ? error.message : String(error)}`);
  }
}
