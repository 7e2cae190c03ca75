import type { Claims } from './claims.ts';
import type { VisitFacts } from './create-visit.ts';
import type { SessionHandle } from './store-api.ts';
import type { Visit } from './visit.ts';

/** Why a session cannot be read or written from here. */
export type Unkept = 'moved' | 'ended' | 'unreachable';

/**
 * A session outside of any request: a WebSocket's messages, a job in the background. No answer waits for it, so no client can be told that a change was
 * refused: its caller alone learns it.
 */
export interface LimpetSession {
  readonly id: string;
  /** The newest state as bytes; none (length 0) when nothing is stored. */
  get(): Promise<{ readonly kind: 'state'; readonly state: Uint8Array } | { readonly kind: Unkept }>;
  /**
   * Replaces the state, and resolves when it is stored or refused.
   *
   * - `moved`: the session lives elsewhere, the change is not kept. Close the socket: its client comes back through Limpet, to the new home.
   * - `ended`: it was logged out or ended by an operator.
   * - `unreachable`: not known to be kept. Set it again, the same or a newer one.
   * - `changed`: `external` mode only: another origin has stored a newer state. Get it, and decide anew.
   * - `too-large`: over `session.stateBytesMax`; the state before stays.
   */
  set(state: Uint8Array): Promise<'stored' | Unkept | 'too-large' | 'changed'>;
}

/** As a request is sent on an ordinary day. */
const plainly = { release: 'no', storing: 'on' } as const;

const NEEDS = { row: 'moved', session: 'ended', state: 'unreachable', store: 'unreachable' } as const;

const REFUSALS: ReadonlyMap<string, Unkept | 'too-large' | 'changed'> = new Map([
  ['session_moved', 'moved'],
  ['state_changed', 'changed'],
  ['session_ended', 'ended'],
  ['state_too_large', 'too-large'],
]);

/** The session of a handle, on the copies that its requests use too. */
export function createLimpetSession(
  handle: SessionHandle,
  { settle, begin }: { settle: Claims['settle']; begin(facts: VisitFacts): Visit },
): LimpetSession {
  /** A visit without an answer: what is changed in it is stored by itself. */
  async function visit() {
    const settled = await settle({ ...handle, offer: { kind: 'nothing' }, ...plainly });
    if (settled.kind === 'need') return NEEDS[settled.need];
    const { copy } = settled;
    const begun = begin({
      copy,
      source: 'kept',
      epochSent: copy.epoch,
      target: handle,
      ...plainly,
    });
    begun.seal('whole');
    return begun;
  }

  return {
    id: handle.session,
    async get() {
      const begun = await visit();
      if (typeof begun === 'string') return { kind: begun };
      begun.close();
      return { kind: 'state', state: begun.copy.state };
    },
    async set(state) {
      const begun = await visit();
      if (typeof begun === 'string') return begun;
      begun.change(state);
      const refusal = await begun.late();
      begun.close();
      return refusal === undefined ? 'stored' : (REFUSALS.get(refusal.code) ?? 'unreachable');
    },
  };
}
