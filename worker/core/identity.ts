import type { OriginId, SessionId } from './ids.ts';
import type { Reason } from './outcome.ts';

/** Who a request belongs to, as far as the request alone tells. */
export type Identity =
  | Known
  /** A learned key (application cookie, header, address): only the map knows its home. */
  | { readonly kind: 'keyed'; readonly session: SessionId; readonly placeKey: number }
  /** No key yet, or one that counts as none: a session id is drawn. */
  | { readonly kind: 'new'; readonly reason: Reason }
  /** The pool has no rule that fits: affinity ends with this request. */
  | { readonly kind: 'stateless' };

/** What a verified cookie says. */
export interface Known {
  readonly kind: 'known';
  readonly session: SessionId;
  readonly home: OriginId;
  readonly epoch: number;
  readonly incarnation: number;
  readonly startedS: number;
  readonly renewedS: number;
}
