import type { Copy } from './copies.ts';
import type { HeaderList, Refusal } from './refusals.ts';
import type { SessionHandle } from './store-api.ts';

/** Whether the answer is complete when it is sealed (`whole`), or only its headers are (`begun`). */
export type Extent = 'whole' | 'begun';

/** The answer may leave with these headers, or must not leave. */
export type SealedNow =
  | { readonly kind: 'ready'; readonly headers: HeaderList }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What an answer needs before its status and headers may leave. */
export type Sealed = SealedNow | { readonly kind: 'storing'; readonly outcome: Promise<SealedNow> };

/** One request's use of its session's copy. The order is: change as often as you like, `seal` once, `close`. */
export interface Visit {
  readonly session: string;
  /** What `origin.session` takes, for changes that no request waits for. */
  readonly handle: SessionHandle;
  /** The copy that this request reads; other requests of the session may change it meanwhile. */
  readonly copy: Copy;
  /** How the copy came: `new` means that no client can know this session's id yet, `restored` that this instance had none. */
  readonly source: 'kept' | 'new' | 'restored' | 'read-only';
  /** Replaces the session's state. After `seal` it is stored at once, by itself. */
  change(state: Uint8Array): void;
  /** Ends the session (logout). After `seal` it is ended in the store at once. */
  end(): void;
  /** Gives the session a new id with the answer (login). Before `seal` only. */
  rotate(): void;
  /**
   * Says whose session this is, in 1 to 128 visible characters: an operator can end, export or erase all sessions of one subject. Before
   * `seal` only; the edge keeps a keyed hash of it.
   *
   * @throws TypeError when the name is not of that form.
   */
  subject(name: string): void;
  /** Decides what the answer carries. Nothing of the answer may leave before. */
  seal(extent: Extent): Sealed;
  /** What became of the changes made after `seal`; `undefined` when there are none. Resolves to the first refusal, if any. */
  late(): Promise<Refusal | undefined> | undefined;
  /** The request is over: its copy may be evicted. Calling it twice is harmless. */
  close(): void;
}
