import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import session from 'express-session';
import type { Codec } from './codec.ts';
import { createCurrentUse } from './express/adopted-store.ts';
import { arriving, isDirect, send } from './express/plain-http.ts';
import { recordForm } from './express/record-form.ts';
import { setFacts } from './express/request-facts.ts';
import { watchStore } from './express/request-hooks.ts';
import { createSessionUse, type RecordsOfCopies, type SessionUse } from './express/session-use.ts';
import { createOrigin, type LimpetOrigin, type OriginOptions, type Visit } from './origin.ts';
import { stateUnreadable } from './refusals.ts';

export { createOrigin } from './origin.ts';
export type { Codec } from './codec.ts';
// By way of the file that declares `req.limpet`, so that whoever imports this has it typed.
export type { LimpetFacts } from './express/request-facts.ts';
export type { LimpetOrigin, OriginOptions } from './origin.ts';

type Done = (error?: unknown) => void;
type Sessions = Parameters<Exclude<Parameters<Required<session.Store>['all']>[0], undefined>>[1];
type Problem = { code: string; message: string };

/** How the store keeps sessions: as `createOrigin` is told, or with an origin that others use too. */
export type StoreOptions = (OriginOptions | LimpetOrigin) & {
  /** How a session record becomes bytes; as in `limpet/express`. */
  readonly codec?: Codec;
  /** Called for what an operator should know. Default: a line on the console. */
  readonly onProblem?: (problem: Problem) => void;
};

const known: RecordsOfCopies = new WeakMap();

/**
 * A store for `express-session` that promises `async`: an answer leaves at once, and its session is stored meanwhile. A change that is refused then is
 * lost, its client has a 200, and a line on the console (`change_lost`) is all that says so. `limpet/express` around `session()` keeps the stronger
 * promise; this is for applications that cannot wrap it, or want no answer to wait.
 *
 * A store is asked with nothing but the application's own id, so `store.middleware` goes before `session()`: it knows the request's session. `touch`
 * asks no store; `all`, `length` and `clear` mean the records of the request's own session.
 *
 * @throws TypeError when `LIMPET_ORIGIN` or `LIMPET_KEY` is missing or malformed.
 *
 * @example
 * import session from 'express-session'
 * import { LimpetStore } from 'limpet/express-store'
 *
 * const store = new LimpetStore()
 * app.use(store.middleware)
 * app.use(session({ store, secret, resave: false, saveUninitialized: false }))
 */
export class LimpetStore extends session.Store {
  /** What is promised of an answer whose session changed. */
  readonly durability = 'async';
  /** Goes before `session()`. */
  readonly middleware: (req: IncomingMessage, res: ServerResponse, next: Done) => void;
  /** Given by `session()`. */
  declare generate: (req: Parameters<session.Store['regenerate']>[0]) => void;
  readonly #current = createCurrentUse();
  /** Requests that came past Limpet (a health probe) have sessions in this process's memory. */
  readonly #memory = new session.MemoryStore();
  readonly #past = new AsyncLocalStorage<'limpet'>();
  readonly #problem: (problem: Problem) => void;

  constructor(options: StoreOptions = {}) {
    super();
    const origin = 'arrive' in options ? options : createOrigin(options);
    this.#problem = options.onProblem ?? warn;
    this.#problem({
      code: 'store_async',
      message: 'LimpetStore lets answers leave before their session is stored; limpet/express does not',
    });
    const form = recordForm(options.codec);
    const now = ('now' in options && options.now) || Date.now;
    this.middleware = (req, res, next) => {
      if (isDirect(req)) return this.#past.run('limpet', next);
      this.#arrive(origin, { req, res, next }, (visit) =>
        createSessionUse(visit, known, { now, form }),
      ).catch(next);
    };
    this.#current.adopt(this);
  }

  async #arrive(
    origin: LimpetOrigin,
    { req, res, next }: { req: IncomingMessage; res: ServerResponse; next: Done },
    useOf: (visit: Visit) => SessionUse | undefined,
  ): Promise<void> {
    const arrival = await origin.arrive(arriving(req));
    if (arrival.kind === 'direct') return this.#past.run('limpet', next);
    if (arrival.kind === 'refused') return send(res, arrival.refusal);
    const { visit } = arrival;
    res.once('close', () => visit.close());
    if (res.destroyed) visit.close();
    const use = useOf(visit);
    if (!use) return send(res, stateUnreadable());
    // From here on every change is stored by itself, and nothing waits for it.
    const sealed = use.seal('begun');
    if (sealed.kind === 'ready') for (const [name, value] of sealed.headers) res.setHeader(name, value);
    use.waits = 'for nothing';
    use.onLateRefused = (code) =>
      this.#problem({
        code: 'change_lost',
        message: `${visit.session.slice(0, 8)}…: not kept after its answer: ${code}`,
      });
    setFacts(req, origin, visit);
    watchStore(req, use, this.#current);
    this.#current.run(use, next);
  }

  /** A new record first: a session without any would be ended. */
  override regenerate(req: Parameters<session.Store['regenerate']>[0], done: Done): void {
    const { sessionID: old } = req;
    this.generate(req);
    this.set(req.sessionID, req.session, (error) => (error ? done(error) : this.destroy(old, done)));
  }

  override get(sid: string, done: (error: unknown, found?: session.SessionData | null) => void): void {
    this.#outside(done)?.get(sid, done);
  }

  override set(sid: string, data: session.SessionData, done: Done = ignore): void {
    this.#outside(done)?.set(sid, data, done);
  }

  override touch(sid: string, data: session.SessionData, done: () => void = ignore): void {
    this.#outside(done)?.touch(sid, data, done);
  }

  override destroy(sid: string, done: Done = ignore): void {
    this.#outside(done)?.destroy(sid, done);
  }

  override all(done: (error: unknown, sessions?: Sessions) => void): void {
    this.#outside(done)?.all(done);
  }

  override length(done: (error: unknown, count?: number) => void): void {
    this.#outside(done)?.length(done);
  }

  override clear(done: Done = ignore): void {
    this.#outside(done)?.clear(done);
  }

  /** Asked where there is no session of Limpet: by a request that came past it, or by nobody knows whom. */
  #outside(done: Done): session.MemoryStore | undefined {
    if (this.#past.getStore()) return this.#memory;
    done(
      new Error(
        'Cannot use the session as LimpetStore must know its request: app.use(store.middleware) must come before session()',
      ),
    );
    return undefined;
  }
}

function ignore(): void {
  // Who gives no callback does not want to know.
}

function warn({ code, message }: Problem): void {
  console.warn(`limpet: ${code}: ${message}`);
}
