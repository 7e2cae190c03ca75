import { type Opened, refuseSealed, type StateCipher } from './state-cipher.ts';
import type { Offer } from './headers.ts';
import type { ClaimResult, StoreApi, StoreTarget } from './store-api.ts';

/** The largest that `session.stateBytesMax` can be: what is over it need not be sent to be refused. */
const STATE_BYTES_MAX = 16 * 1024 * 1024;

/** What comes from outside and goes there, encrypted where there are keys. Whoever is within sees states as the application wrote them. */
export interface SealedStore extends Omit<StoreApi, 'claim'> {
  claim(target: StoreTarget & { readonly session: string }, epoch: number): Promise<ClaimResult>;
  /** A state that came with a request; `locked` when no key opens it. */
  openOffer(session: string, offer: Extract<Offer, { state: Uint8Array }>): Promise<Offer | 'locked'>;
}

export interface SealedStoreOptions {
  readonly api: StoreApi;
  readonly cipher: StateCipher | undefined;
  readonly open: Opener;
}

/** The state as the application wrote it; `undefined`, and a word to the operator, when no key opens it. */
export type Opener = (session: string, bytes: Uint8Array) => Promise<Uint8Array | undefined>;

/** What opens states that come from outside. */
export function createOpener({
  cipher,
  onProblem,
}: {
  readonly cipher: StateCipher | undefined;
  onProblem(problem: { code: string; message: string }): void;
}): Opener {
  return async (session, bytes) => {
    const opened: Opened = cipher ? await cipher.open(bytes) : refuseSealed(bytes);
    if (opened.kind === 'opened') return opened.state;
    onProblem({
      code: 'state_locked',
      message: `${session.slice(0, 8)}…: cannot open its state: ${opened.why}`,
    });
    return undefined;
  };
}

/** The store API behind a cipher, or as it is. */
export function createSealedStore({ api, cipher, open }: SealedStoreOptions): SealedStore {
  const { overheadBytes = 0 } = cipher ?? {};

  return {
    async claim(target, epoch) {
      const result = await api.claim(target, epoch);
      if (result.kind !== 'claimed') return result;
      const state = await open(target.session, result.state);
      return state ? { ...result, state } : { kind: 'locked' };
    },
    async put(target, at) {
      if (at.state.length + overheadBytes > STATE_BYTES_MAX) return { kind: 'refused', reason: 'too-large' };
      return api.put(target, cipher ? { ...at, state: await cipher.seal(at.state) } : at);
    },
    end: (target) => api.end(target),
    async openOffer(session, offer) {
      const state = await open(session, offer.state);
      return state ? { ...offer, state } : 'locked';
    },
  };
}
