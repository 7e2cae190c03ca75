import { fromBase64url } from './base64url.ts';
import { readStoreKind, type StoreKind } from './store-kind.ts';

/** What the SDK must see of a request, on any server: `header` takes a lower-case name. */
export interface ArrivingRequest {
  /** `GET`, `POST` … */
  readonly method: string;
  /** Path and query exactly as received: `/cart?item=1`. */
  readonly target: string;
  header(name: string): string | undefined;
}

/** What came with the request besides its session. */
export type Offer =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'new' }
  | { readonly kind: 'state'; readonly version: number; readonly state: Uint8Array }
  | {
      readonly kind: 'read-only';
      readonly ageS: number;
      readonly version: number;
      readonly state: Uint8Array;
    };

/** The contract's headers of one request, parsed once. */
export interface Sent {
  readonly session: string;
  readonly epoch: number;
  readonly apiUrl: string;
  readonly capability: string;
  readonly store: StoreKind;
  readonly offer: Offer;
  readonly release: 'asked' | 'no';
  /** `off`: by the operator's order nothing is stored now. Changes stay in the copy, and nobody promises anything. */
  readonly storing: 'on' | 'off';
}

const NO_STATE = new Uint8Array(0);

/** Parses the headers of contract section 2; `undefined` when one of them is malformed. */
export function readSent(request: ArrivingRequest): Sent | undefined {
  const session = request.header('limpet-session') ?? '';
  const epoch = wholeNumber(request.header('limpet-epoch'));
  const api = /^(https?:\/\/[^ ]+) ([^ ]+)$/.exec(request.header('limpet-api') ?? '');
  const offer = readOffer(request);
  if (!/^[A-Za-z0-9_-]{29}$/.test(session) || epoch === undefined || offer === undefined) return undefined;
  if (api?.[1] === undefined || api[2] === undefined) return undefined;
  const store = readStoreKind(request.header('limpet-store'));
  if (store === undefined) return undefined;
  const release = request.header('limpet-release') === '1' ? 'asked' : 'no';
  const storing = request.header('limpet-unstored') === '1' ? 'off' : 'on';
  return { session, epoch, apiUrl: api[1], capability: api[2], store, offer, release, storing };
}

function readOffer(request: ArrivingRequest): Offer | undefined {
  const readOnly = request.header('limpet-read-only');
  if (request.header('limpet-new') === '1') return { kind: 'new' };
  const text = request.header('limpet-state');
  if (text === undefined && readOnly === undefined) return { kind: 'nothing' };
  const state = fromBase64url(text ?? '') ?? undefined;
  const version = text === undefined ? 0 : wholeNumber(request.header('limpet-version'));
  if (state === undefined || version === undefined) return undefined;
  if (readOnly === undefined) return { kind: 'state', version, state };
  const ageS = wholeNumber(readOnly);
  return ageS === undefined
    ? undefined
    : { kind: 'read-only', ageS, version, state: text === undefined ? NO_STATE : state };
}

/** A whole number as the contract writes it (digits only); `undefined` for anything else. */
export function wholeNumber(text: string | null | undefined): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
