import { createClaims } from './claims.ts';
import { counted, followOrder, type InFlight } from './control.ts';
import { createCopies } from './copies.ts';
import { createVisit, type VisitFacts } from './create-visit.ts';
import { createEndedMarks } from './ended-marks.ts';
import { type ArrivingRequest, readSent } from './headers.ts';
import { readCredentials } from './key.ts';
import { createLimpetSession, type LimpetSession } from './limpet-session.ts';
import { createRegistration, type Registered, type RegisterOptions } from './register.ts';
import { neededFirst, orderUnknown, type Refusal, signatureInvalid } from './refusals.ts';
import { createShared } from './shared.ts';
import { createSharedApi } from './shared-api.ts';
import { createSignatureCheck } from './signature.ts';
import { createStoreApi, type SessionHandle } from './store-api.ts';
import type { Visit } from './visit.ts';

export type { ArrivingRequest } from './headers.ts';
export type { LimpetSession, Unkept } from './limpet-session.ts';
export type { SessionHandle } from './store-api.ts';
export type { Copy } from './copies.ts';
export type { Registered, RegisterOptions } from './register.ts';
export type { HeaderList, Refusal } from './refusals.ts';
export type { Extent, Sealed, SealedNow, Visit } from './visit.ts';

/** How an origin keeps its sessions. Everything has a default, the two values come from the environment. */
export interface OriginOptions {
  /** This origin's id in limpet.config.ts. Default: `LIMPET_ORIGIN`. */
  readonly origin?: string;
  /** What `npx limpet key <origin>` prints. Default: `LIMPET_KEY`. */
  readonly key?: string;
  /** How the store API is called. Default: the runtime's `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /** Milliseconds after its last use for which a copy is kept. Default: one hour. */
  readonly idleMs?: number;
  /** How many copies are kept; those in use are kept beyond it. Default: 100,000. */
  readonly copiesMax?: number;
  /** Milliseconds for a claim or a put, with all its repetitions. Default: 2000. */
  readonly storeDeadlineMs?: number;
  /** Bytes of state that travel in a header of the answer; a larger one is put first. 0 to 12,288. Default: 3072. */
  readonly headerStateBytesMax?: number;
  /** Called for what an operator should know. Default: a line on the console. */
  readonly onProblem?: (problem: { code: string; message: string }) => void;
}

/** What to do with a request that has arrived. */
export type Arrival =
  /** It did not come through Limpet: a health probe, a developer's curl. */
  | { readonly kind: 'direct' }
  /** Send this instead of running the application. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Run the application on `visit.copy.state`. */
  | { readonly kind: 'visit'; readonly visit: Visit };

/** One instance: one memory of copies, named by one nonce. */
export interface LimpetOrigin {
  readonly origin: string;
  /** The nonce. Two calls of `createOrigin` are two instances, also in one process. */
  readonly instance: string;
  arrive(request: ArrivingRequest): Promise<Arrival>;
  /** Says `Limpet-Drain` with every answer from now on: Limpet hands this origin's sessions over to others. */
  askToDrain(): void;
  /** A session outside of any request; the handle is `visit.handle` of one. */
  session(handle: SessionHandle): LimpetSession;
  /**
   * Joins the pool without a deployment, where its `registration` lets this id, and stays in it while this process says so.
   *
   * @example
   * const registered = limpet.register({ limpet: 'https://shop.example.com', url: 'http://10.1.2.3:8080' })
   * process.once('SIGTERM', () => registered.leave().then(() => server.close()))
   *
   * @throws TypeError when a url is missing or malformed.
   */
  register(options: RegisterOptions): Registered;
}

const HOUR_MS = 3_600_000;

/**
 * Makes this process an instance that keeps the copies of its sessions. Make one per process and hand it to every
 * middleware: two would take the sessions from each other.
 *
 * @example
 * const limpet = createOrigin()
 * const arrival = await limpet.arrive({ method: 'GET', target: '/cart', header: (name) => headers[name] })
 *
 * @throws TypeError when `LIMPET_ORIGIN` or `LIMPET_KEY` is missing or malformed.
 */
export function createOrigin(options: OriginOptions = {}): LimpetOrigin {
  const { origin, key } = readCredentials(options);
  const {
    now = Date.now,
    idleMs = HOUR_MS,
    copiesMax = 100_000,
    storeDeadlineMs = 2000,
    headerStateBytesMax = 3072,
  } = options;
  const { onProblem = warn, fetch = callFetch } = options;
  const nonce = (): string => crypto.randomUUID();
  const instance = nonce();
  const signature = createSignatureCheck(key);
  const copies = createCopies({ idleMs, copiesMax, now });
  const ended = createEndedMarks();
  const calls = { instance, deadlineMs: storeDeadlineMs, fetch, nonce, onProblem };
  const api = createStoreApi(calls);
  const claims = createClaims({ copies, ended, api, now });
  const inFlight: InFlight = { count: 0, lastEndedAt: 0 };
  let leaving = false;
  const isLeaving = () => leaving;
  const visits = { instance, headerStateBytesMax, copies, ended, api, onProblem, isLeaving };

  const sharedCopies = createCopies({ idleMs, copiesMax, now });
  const shared = createShared({ copies: sharedCopies, ended, api: createSharedApi(calls) });

  const settle: typeof claims.settle = (sent) =>
    sent.store.kind === 'shared' && sent.offer.kind !== 'read-only'
      ? shared.settle(sent)
      : claims.settle(sent);

  function begin(facts: VisitFacts): Visit {
    const { copy, target, source } = facts;
    if (target.store.kind === 'own' || source === 'read-only') return createVisit(visits, facts);
    // A shared state is put before the answer, whatever its size: compare-and-set must have said yes.
    const sharing = { copies: sharedCopies, headerStateBytesMax: -1 };
    return createVisit({ ...visits, ...sharing, api: shared.apiOf(copy, target.store.unreachable) }, facts);
  }

  async function arrive(request: ArrivingRequest): Promise<Arrival> {
    const order = request.header('limpet-control');
    if (order !== undefined) return { kind: 'refused', refusal: await follow(request, order) };
    if (request.header('limpet-session') === undefined) return { kind: 'direct' };
    const sent = readSent(request);
    if (!sent || !(await signature.verify(request))) return { kind: 'refused', refusal: signatureInvalid() };
    const settled = await settle(sent);
    if (settled.kind === 'need')
      return { kind: 'refused', refusal: neededFirst(settled.need, [['limpet-instance', instance]]) };
    const how = sent.offer.kind === 'new' ? 'new' : 'kept';
    const { copy } = settled;
    const facts = {
      copy,
      source: settled.kind === 'read-only' ? 'read-only' : how,
      epochSent: sent.epoch,
      target: sent,
      release: sent.release,
      storing: sent.storing,
    } as const;
    return { kind: 'visit', visit: counted(begin(facts), inFlight, now) };
  }

  /** What the edge wants of this instance itself: no session's request. */
  async function follow(request: ArrivingRequest, order: string): Promise<Refusal> {
    if (!(await signature.verify(request))) return signatureInvalid();
    return followOrder(order, { instance, copies, claims, inFlight, now }) ?? orderUnknown();
  }

  return {
    origin,
    instance,
    arrive,
    askToDrain() {
      leaving = true;
    },
    session: (handle) => createLimpetSession(handle, { settle, begin }),
    register: (asked) => createRegistration(asked, { origin, key, instance, now, fetch, onProblem }),
  };
}

function callFetch(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, init);
}

function warn(problem: { code: string; message: string }): void {
  console.warn(`limpet: ${problem.code}: ${problem.message}`);
}
