import { type Codec, readValue, valueState } from './codec.ts';
import { factsOf, type LimpetFacts } from './facts.ts';
import type { LimpetOrigin } from './origin.ts';
import { checkSubject } from './subject.ts';
import type { Visit } from './visit.ts';

/** The session of one request. Its value is whatever the codec can write (JSON); all of it must be set before the answer is returned. */
export interface FetchSession {
  /** The Limpet session's id; `undefined` for a request that did not come through Limpet: nothing is kept then. */
  readonly id: string | undefined;
  /** Epoch, origin, where the value came from; `undefined` for a request that did not come through Limpet. */
  readonly facts: LimpetFacts | undefined;
  /** The value, or `undefined` when there is none yet. A change of it must be given to `set`. */
  get(): unknown;
  /** @throws Error once the answer has been returned, TypeError when the value is not JSON (with a codec: what that throws). */
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

/** What the handler's session is, and the end of its being changed. */
export interface Opened {
  readonly session: FetchSession;
  seal(): void;
}

/** The session of a visit, or `undefined` when its state was not written by this SDK with this codec. */
export function openSession(origin: LimpetOrigin, visit: Visit, codec: Codec): Opened | undefined {
  const stored = readValue(visit.copy.state, codec);
  if (!stored) return undefined;
  let { value } = stored;
  let seen = value === undefined ? NO_STATE : valueState(value, codec);
  let answered: 'no' | 'yes' = 'no';
  function before(verb: string): void {
    if (answered === 'no') return;
    throw new Error(`Cannot ${verb} the session as its answer has been returned: ${verb} it before`);
  }
  const session: FetchSession = {
    id: visit.session,
    facts: factsOf(origin, visit),
    get: () => value,
    set(next) {
      before('set');
      const state = valueState(next, codec);
      // Setting again what was read changes nothing: it must not undo what another request has set since.
      if (!isSame(state, seen)) visit.change(state);
      value = next;
      seen = state;
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
  };
  return { session, seal: () => void (answered = 'yes') };
}

/** A request that came past Limpet has a session of its own, for itself alone. */
export function unkeptSession(): FetchSession {
  let value: unknown;
  return {
    id: undefined,
    facts: undefined,
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

const NO_STATE = new Uint8Array(0);

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
