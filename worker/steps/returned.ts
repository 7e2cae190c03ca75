import { fromBase64url } from '../core/base64url.ts';
import { type InstanceId, parseInstance } from '../core/ids.ts';

/** What an origin's answer says about its session (docs/contract.md §6). */
export interface Returned {
  readonly instance: InstanceId;
  /** The epoch of the copy that was served, where it is not the one that was sent. */
  readonly epoch: number | undefined;
  /** Whose session it is, in the origin's own words. */
  readonly subject: string | undefined;
  readonly said: Said;
  /** The origin has dropped its copy, and nothing of the session is under way there. */
  readonly released: 'yes' | 'no';
  /** The origin asks to be drained. */
  readonly drain: 'asked' | 'no';
}

export type Said =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'state'; readonly version: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The origin has stored this version by itself. */
  | { readonly kind: 'stored'; readonly version: number }
  /** The shared store did not answer, and the operator wants the answer all the same. */
  | { readonly kind: 'unstored' }
  | { readonly kind: 'refused'; readonly how: Refused }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'rotate';
      readonly version: number;
      readonly bytes: Uint8Array<ArrayBuffer> | undefined;
    };

export type Refused = 'moved' | 'ended' | 'unreachable' | 'too-large' | 'changed';

/** Undefined for a plain answer, and for one whose contract headers are not well-formed: nothing of it is believed. */
export function readReturned(headers: Headers): Returned | 'malformed' | undefined {
  const instance = headers.get('limpet-instance');
  if (instance === null) return undefined;
  const named = parseInstance(instance);
  const said = readSaid(headers);
  const epoch = wholeNumber(headers.get('limpet-epoch'));
  if (named === undefined || said === undefined || epoch === 'malformed') return 'malformed';
  return {
    instance: named,
    epoch,
    subject: parseSubject(headers.get('limpet-subject')),
    said,
    released: headers.get('limpet-released') === '1' ? 'yes' : 'no',
    drain: headers.get('limpet-drain') === '1' ? 'asked' : 'no',
  };
}

/** 1 to 128 visible characters. Anything else names nobody: a state must not be lost over it. */
export function parseSubject(text: string | null): string | undefined {
  return text !== null && /^[\x21-\x7e]{1,128}$/.test(text) ? text : undefined;
}

function readSaid(headers: Headers): Said | undefined {
  const refused = headers.get('limpet-refused');
  if (refused !== null) return isRefused(refused) ? { kind: 'refused', how: refused } : undefined;
  if (headers.has('limpet-unstored')) return { kind: 'unstored' };
  if (headers.has('limpet-end')) return { kind: 'end' };
  const version = wholeNumber(headers.get('limpet-version'));
  const text = headers.get('limpet-state');
  const bytes = text === null ? undefined : fromBase64url(text);
  if (version === 'malformed' || (text !== null && bytes === undefined)) return undefined;
  if (headers.has('limpet-rotate'))
    return version === undefined ? undefined : { kind: 'rotate', version, bytes };
  if (version === undefined) return bytes === undefined ? { kind: 'nothing' } : undefined;
  return bytes === undefined ? { kind: 'stored', version } : { kind: 'state', version, bytes };
}

const refusals: readonly Refused[] = ['moved', 'ended', 'unreachable', 'too-large', 'changed'];

function isRefused(text: string): text is Refused {
  return refusals.some((known) => known === text);
}

export function wholeNumber(text: string | null): number | undefined | 'malformed' {
  if (text === null) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : 'malformed';
}
