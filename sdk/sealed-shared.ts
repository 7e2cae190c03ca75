import type { Opener } from './sealed-store.ts';
import type { Read, SharedApi, SharedResult } from './shared-api.ts';
import type { StateCipher } from './state-cipher.ts';
import type { StoreTarget } from './store-api.ts';

/** What a read of a shared state came to, opened; `locked` when no key opens it. */
export type OpenedRead = Read | { readonly kind: 'locked' };

/** Shared states, encrypted where there are keys. */
export interface SealedShared extends Omit<SharedApi, 'get'> {
  get(target: StoreTarget & { readonly session: string }, known: string | undefined): Promise<OpenedRead>;
}

/** The shared store behind a cipher, or as it is. */
export function createSealedShared({
  api,
  cipher,
  open,
}: {
  readonly api: SharedApi;
  readonly cipher: StateCipher | undefined;
  readonly open: Opener;
}): SealedShared {
  return {
    async get(target, known) {
      const found = await api.get(target, known);
      if (found.kind !== 'held') return found;
      const state = await open(target.session, found.state);
      return state ? { ...found, state } : { kind: 'locked' };
    },
    async put(target, etag, at): Promise<SharedResult> {
      return api.put(target, etag, cipher ? { ...at, state: await cipher.seal(at.state) } : at);
    },
    end: (target) => api.end(target),
  };
}
