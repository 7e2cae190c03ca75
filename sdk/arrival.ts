import type { Copy } from './copies.ts';
import type { Offer } from './headers.ts';

/** What the edge must do before the application can run: `Limpet-Need`. */
export type Need = 'state' | 'row' | 'session' | 'store';

/** The next thing to do with a request that has arrived. */
export type ArrivalStep =
  | { readonly kind: 'need'; readonly need: Need }
  | { readonly kind: 'drop'; readonly copy: Copy }
  | { readonly kind: 'serve'; readonly copy: Copy }
  | { readonly kind: 'load'; readonly version: number; readonly state: Uint8Array }
  | {
      readonly kind: 'read-only';
      readonly ageS: number;
      readonly version: number;
      readonly state: Uint8Array;
    }
  | { readonly kind: 'claim' };

/** All that the decision looks at: `epoch` is the newest one this request knows of (sent, or learned by a claim). */
export interface ArrivalFacts {
  readonly epoch: number;
  readonly offer: Offer;
  readonly copy: Copy | undefined;
  readonly mark: 'ended' | 'none';
}

const NO_STATE = new Uint8Array(0);

/** The five rules of contract section 3, in their order. Pure. */
export function decideArrival({ epoch, offer, copy, mark }: ArrivalFacts): ArrivalStep {
  if (mark === 'ended') return { kind: 'need', need: 'session' };
  if (offer.kind === 'read-only') return { ...offer };
  if (copy && copy.epoch < epoch) return { kind: 'drop', copy };
  if (copy) return { kind: 'serve', copy };
  switch (offer.kind) {
    case 'new':
      return { kind: 'load', version: 0, state: NO_STATE };
    case 'state':
      return { kind: 'load', version: offer.version, state: offer.state };
    case 'nothing':
      return { kind: 'claim' };
    default:
      return offer satisfies never;
  }
}
