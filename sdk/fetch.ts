import { parseJson } from './json.ts';
import { createOrigin, type LimpetOrigin, type OriginOptions, type SealedNow, type Visit } from './origin.ts';
import { type Refusal, stateUnreadable } from './refusals.ts';
import { checkSubject } from './subject.ts';

export { createOrigin } from './origin.ts';
export type { LimpetOrigin, OriginOptions } from './origin.ts';

/** The session of one request. Its value is any JSON value; all of it must be set before the answer is returned. */
export interface FetchSession {
  /** The Limpet session's id; `undefined` for a request that did not come through Limpet: nothing is kept then. */
  readonly id: string | undefined;
  /** The value, or `undefined` when there is none yet. A change of it must be given to `set`. */
  get(): unknown;
  /** @throws Error once the answer has been returned, TypeError when the value is not JSON. */
  set(value: unknown): void;
  /** Logout: the session is ended, and the client gets a new id. */
  end(): void;
  /** Login: the same value under a new id. */
  rotate(): void;
  /**
   * Says whose session this is (`user-42`), so that an operator can end, export or erase all sessions of one subject.
   *
   * @throws TypeError when the name is not 1 to 128 visible characters, Error once the answer has been returned.
   */
  subject(name: string): void;
}

/** A `fetch`-style handler with the session behind the request. */
export type SessionHandler<Rest extends unknown[]> = (
  request: Request,
  session: FetchSession,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * Makes a `fetch`-style handler whose sessions outlive this process. The answer is returned only when the session's
 * change is in it or stored; when it cannot be stored, 409 or 503 is returned instead.
 *
 * @param handler gets the request, its session, and whatever else the runtime passes.
 * @param options of `createOrigin`, or an origin that several handlers share.
 * @throws TypeError when `LIMPET_ORIGIN` or `LIMPET_KEY` is missing or malformed.
 *
 * @example
 * export default { fetch: limpet((request, session) => {
 *   session.set({ visits: 1 })
 *   return new Response('hello')
 * }) }
 *
 * @example Hono: the session is `c.env.session`
 * export default { fetch: limpet((request, session) => app.fetch(request, { session })) }
 */
export function limpet<Rest extends unknown[]>(
  handler: SessionHandler<Rest>,
  options: OriginOptions | LimpetOrigin = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const origin = 'arrive' in options ? options : createOrigin(options);

  async function serve(visit: Visit, request: Request, rest: Rest): Promise<Response> {
    const session = sessionOf(visit);
    if (!session) return answerOf(stateUnreadable());
    const response = await handler(request, session, ...rest);
    session.seal();
    const sealed = visit.seal('whole');
    return finish(response, sealed.kind === 'storing' ? await sealed.outcome : sealed);
  }

  return async (request, ...rest) => {
    const arrival = await origin.arrive(arriving(request));
    if (arrival.kind === 'direct') return handler(request, unkeptSession(), ...rest);
    if (arrival.kind === 'refused') return answerOf(arrival.refusal);
    try {
      return await serve(arrival.visit, request, rest);
    } finally {
      arrival.visit.close();
    }
  };
}

function arriving(request: Request): {
  method: string;
  target: string;
  header(name: string): string | undefined;
} {
  const { pathname, search } = new URL(request.url);
  const header = (name: string) => request.headers.get(name) ?? undefined;
  return { method: request.method, target: pathname + search, header };
}

async function finish(response: Response, sealed: SealedNow): Promise<Response> {
  if (sealed.kind === 'refused') {
    await response.body?.cancel();
    return answerOf(sealed.refusal);
  }
  if (sealed.headers.length === 0) return response;
  // The headers of a response from `fetch` cannot be changed.
  const answer = new Response(response.body, response);
  for (const [name, value] of sealed.headers) answer.headers.set(name, value);
  return answer;
}

function answerOf({ status, headers, body }: Refusal): Response {
  return new Response(body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}

/** The session of a visit, or `undefined` when its state was not written by this SDK. */
function sessionOf(visit: Visit): (FetchSession & { seal(): void }) | undefined {
  const stored = decode(visit.copy.state);
  if (!stored) return undefined;
  let { value } = stored;
  let seen = JSON.stringify(value);
  let answered: 'no' | 'yes' = 'no';
  function before(verb: string): void {
    if (answered === 'no') return;
    throw new Error(`Cannot ${verb} the session as its answer has been returned: ${verb} it before`);
  }
  return {
    id: visit.session,
    get: () => value,
    set(next) {
      before('set');
      const state = encode(next);
      const text = JSON.stringify(next);
      // Setting again what was read changes nothing: it must not undo what another request has set since.
      if (text !== seen) visit.change(state);
      value = next;
      seen = text;
    },
    end() {
      before('end');
      visit.end();
    },
    rotate() {
      before('rotate');
      visit.rotate();
    },
    subject(name) {
      before('name');
      visit.subject(name);
    },
    seal() {
      answered = 'yes';
    },
  };
}

/** A request that came past Limpet has a session of its own, for itself alone. */
function unkeptSession(): FetchSession {
  let value: unknown;
  return {
    id: undefined,
    get: () => value,
    set(next) {
      value = next;
    },
    end() {
      value = undefined;
    },
    rotate: () => undefined,
    subject: (name) => void checkSubject(name),
  };
}

function encode(value: unknown): Uint8Array {
  if (JSON.stringify(value) === undefined)
    throw new TypeError(
      `Cannot set the session as it must be a JSON value: current value is ${typeof value}`,
    );
  return new TextEncoder().encode(JSON.stringify({ v: 1, value }));
}

function decode(state: Uint8Array): { value: unknown } | undefined {
  if (state.length === 0) return { value: undefined };
  const parsed = parseJson(new TextDecoder().decode(state));
  const isOurs =
    typeof parsed === 'object' && parsed !== null && 'v' in parsed && parsed.v === 1 && 'value' in parsed;
  return isOurs ? { value: parsed.value } : undefined;
}
