import type { IncomingMessage, ServerResponse } from 'node:http';
import { createCurrentUse } from './express/adopted-store.ts';
import { holdAnswer } from './express/hold.ts';
import { nameSubject } from './express/request-hooks.ts';
import { arriving, isDirect, send } from './express/plain-http.ts';
import { createSessionUse, type RecordsOfCopies, type SessionUse } from './express/session-use.ts';
import { createOrigin, type LimpetOrigin, type OriginOptions, type Visit } from './origin.ts';
import { type Refusal, stateUnreadable } from './refusals.ts';

export { createOrigin } from './origin.ts';
export type { LimpetOrigin, OriginOptions } from './origin.ts';

/** What the plugin uses of a Fastify request. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
}

/** What the plugin uses of a Fastify reply. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

type Done = (error?: Error) => void;
type Hook<Request> = (request: Request, reply: FastifyReplyLike, done: Done) => void;

/** What the plugin uses of a Fastify 5 instance. */
export interface FastifyLike<Request> {
  addHook(name: 'onRequest', hook: Hook<Request>): unknown;
  addHook(
    name: 'onSend',
    hook: (request: Request, reply: FastifyReplyLike, payload: unknown, done: Done) => void,
  ): unknown;
}

/** How the plugin keeps sessions: as `createOrigin` is told, or with an origin that several plugins share. */
export type FastifyOptions<Request> = (OriginOptions | LimpetOrigin) & {
  /** Whose session this is, asked as each answer leaves; as in `limpet/express`. */
  readonly subject?: (request: Request) => string | undefined;
};

/** What `@fastify/session` and this plugin share: its `store` option. */
export interface SharedStore {
  readonly store: object;
}

const known: RecordsOfCopies = new WeakMap();

/**
 * Makes the sessions of `@fastify/session` outlive this process. Register it before `@fastify/session`, with the store that both are given.
 *
 * The promise is that of `limpet/express`: a request that came through Limpet works on its own session's records, one that did not uses the
 * store as before. An answer whose session changed leaves only when the change is in it or stored; otherwise the client gets 409 or 503, or,
 * once the answer has begun, a cut connection.
 *
 * @param shared the store that `@fastify/session` is given too.
 * @param options of `createOrigin`, or an origin that several plugins share; and `subject`.
 * @throws TypeError when `LIMPET_ORIGIN` or `LIMPET_KEY` is missing or malformed.
 *
 * @example
 * import session from '@fastify/session'
 * import { limpet } from 'limpet/fastify'
 *
 * const store = new session.MemoryStore()
 * app.register(cookie)
 * app.register(limpet({ store }))
 * app.register(session, { secret, store, saveUninitialized: false })
 */
export function limpet<Request extends FastifyRequestLike>(
  { store }: SharedStore,
  options: FastifyOptions<Request> = {},
): (app: FastifyLike<Request>, given: object, done: Done) => void {
  const origin = 'arrive' in options ? options : createOrigin(options);
  const now = 'now' in options && options.now ? options.now : Date.now;
  const current = createCurrentUse();
  const uses = new WeakMap<IncomingMessage, SessionUse>();
  current.adopt(store);

  async function arrive(request: Request, reply: FastifyReplyLike, done: Done): Promise<void> {
    const arrival = await origin.arrive(arriving(request.raw));
    if (arrival.kind === 'direct') return done();
    if (arrival.kind === 'refused') return refuse(reply, arrival.refusal);
    const { visit } = arrival;
    reply.raw.once('close', () => visit.close());
    if (reply.raw.destroyed) visit.close();
    const use = createSessionUse(visit, known, now);
    if (!use) return refuse(reply, stateUnreadable());
    uses.set(request.raw, use);
    hold(request, reply, use, visit);
    current.run(use, done);
  }

  /** Below Fastify: whatever it sends, and however, is kept back as long as the session is not kept. */
  function hold(request: Request, reply: FastifyReplyLike, use: SessionUse, visit: Visit): void {
    const held = holdAnswer(reply.raw, {
      seal(extent) {
        if (options.subject) nameSubject(request, visit, options.subject);
        return use.seal(extent);
      },
      late: () => use.late(),
    });
    use.onLateRefused = held.cut;
  }

  function plugin(app: FastifyLike<Request>, _given: object, ready: Done): void {
    app.addHook('onRequest', (request, reply, done) => {
      if (isDirect(request.raw)) return done();
      arrive(request, reply, done).catch(done);
    });
    // A handler may answer from a context of its own; `@fastify/session` saves in the hook after this one.
    app.addHook('onSend', (request, _reply, _payload, done) => {
      const use = uses.get(request.raw);
      if (use) current.run(use, done);
      else done();
    });
    ready();
  }

  // For the application, not for a scope of its own: what `fastify-plugin` would do.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}

function refuse(reply: FastifyReplyLike, refusal: Refusal): void {
  reply.hijack();
  send(reply.raw, refusal);
}
