import type { Claim, Claimed, Ended, Label, Located, Put, PutSaid, Rotated } from '../core/fence.ts';
import type { InstanceId, OriginId, SessionId } from '../core/ids.ts';
import type { Assumed, Limits } from '../core/row.ts';
import type { Stamp } from '../core/stamp.ts';
import type { Swap, Swapped } from '../core/swap.ts';
import type { Unreachable } from './platform.ts';

/** A session's newest state as bytes, opaque to Limpet, with the seal that binds it to (pool, session, epoch). */
export interface SealedState {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly seal: string;
  /** The epoch under which it was stored, which the seal covers. */
  readonly epoch: number;
}

export interface StatePut extends Put {
  readonly state: SealedState;
}

export interface Handover {
  /** Absent where nothing is stored: version 0. */
  readonly state?: SealedState;
}

export type LocatedSlot = Located | Ended | { readonly kind: 'none' };
export type ClaimAnswer = Claimed & Handover;
export type RotateWish = Put & { readonly to: SessionId; readonly state?: SealedState };
export type EndWish = { readonly home: OriginId; readonly instance: InstanceId; readonly endsAt: number };
export type RenewWish = { readonly assumed: Assumed; readonly limits: Limits };

/** A session's row with its state, for whoever may read both. */
export type ReadSlot = (Located & Handover) | Ended | { readonly kind: 'none' };
export type SwapWish = Swap & Handover;

/** What a pool's store has of a session. Without a state: nothing is stored yet. */
export type HeldState = { readonly kind: 'held'; readonly stamp: Stamp } & Handover;
export type StateWish = Omit<Swap, 'to'> & { readonly expected: Stamp; readonly state: SealedState };
export type EndStateWish = Omit<Swap, 'to' | 'subject'>;

/**
 * Where the states of a pool are whose origins share a store: Limpet's own shards, or one that the operator has. Whichever it is, it keeps the same
 * rules (docs/spec.md, XS), and never throws.
 */
export interface StateStore {
  get(session: SessionId): Promise<HeldState | Ended | Unreachable>;
  /** Compare-and-set: stored only where nobody has written since `expected` was read. */
  put(session: SessionId, wish: StateWish): Promise<Swapped | Unreachable>;
  /** For good: a mark stays until the session's absolute limit. */
  end(session: SessionId, wish: EndStateWish): Promise<Swapped | Unreachable>;
  /** Moves the expiry on; stores nothing where nothing is stored. */
  touch(session: SessionId, wish: RenewWish): Promise<{ readonly kind: 'touched' } | Ended | Unreachable>;
}

/** The store of one pool's sessions. The shard that owns a session is read from its id. */
export interface Shards {
  locate(session: SessionId): Promise<LocatedSlot | Unreachable>;
  read(session: SessionId): Promise<ReadSlot | Unreachable>;
  claim(session: SessionId, wish: Claim): Promise<ClaimAnswer | Unreachable>;
  put(session: SessionId, wish: StatePut): Promise<PutSaid | Unreachable>;
  swap(session: SessionId, wish: SwapWish): Promise<Swapped | Unreachable>;
  /** Whose session it is, without a change of its state. */
  label(session: SessionId, wish: Label): Promise<PutSaid | Unreachable>;
  renew(session: SessionId, wish: RenewWish): Promise<Located | Ended | Unreachable>;
  end(session: SessionId, wish: EndWish): Promise<Ended | Unreachable>;
  rotate(session: SessionId, wish: RotateWish): Promise<Rotated | Unreachable>;
}
