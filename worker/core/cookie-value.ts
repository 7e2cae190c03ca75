import { parseSessionId } from './session-id.ts';
import type { SessionId } from './ids.ts';

/**
 * What the signed cookie says. Home is an opaque keyed tag, never a name or an address. Times are seconds since 1970.
 * On the wire: `1.<session>.<home tag>.<epoch>.<incarnation>.<started>.<renewed>.<mac>`, numbers in base 36.
 */
export interface CookieClaims {
  readonly session: SessionId;
  readonly homeTag: string;
  readonly epoch: number;
  readonly incarnation: number;
  readonly startedS: number;
  readonly renewedS: number;
}

/** Longer values are refused before anything reads them. */
export const cookieValueMax = 160;

const parts = 8;
const number36 = /^[0-9a-z]{1,10}$/;
const tag = /^[\w-]{8}$/;
const macForm = /^[\w-]{22}$/;

export function encodeClaims(claims: CookieClaims): string {
  const numbers = [claims.epoch, claims.incarnation, claims.startedS, claims.renewedS].map((value) =>
    value.toString(36),
  );
  return ['1', claims.session, claims.homeTag, ...numbers].join('.');
}

/** The claims, the text that was signed, and the mac; undefined where the value is not of this form. */
export function decodeCookie(
  value: string,
): { claims: CookieClaims; signed: string; mac: string } | undefined {
  const [
    version,
    id = '',
    homeTag = '',
    epoch = '',
    incarnation = '',
    started = '',
    renewed = '',
    mac = '',
    ...rest
  ] = value.split('.', parts + 1);
  const session = parseSessionId(id);
  const numbers = [epoch, incarnation, started, renewed];
  if (version !== '1' || rest.length > 0 || session === undefined) return undefined;
  if (!tag.test(homeTag) || !macForm.test(mac) || !numbers.every((text) => number36.test(text)))
    return undefined;
  const [epochN = 0, incarnationN = 0, startedS = 0, renewedS = 0] = numbers.map((text) =>
    Number.parseInt(text, 36),
  );
  const claims = { session, homeTag, epoch: epochN, incarnation: incarnationN, startedS, renewedS };
  return { claims, signed: value.slice(0, value.length - mac.length - 1), mac };
}

/** Idle and absolute limits, in milliseconds. */
export interface Lifetimes {
  readonly idleMs: number;
  readonly absoluteMs: number;
}

export function expired(
  claims: Pick<CookieClaims, 'startedS' | 'renewedS'>,
  now: number,
  { idleMs, absoluteMs }: Lifetimes,
): boolean {
  return now >= claims.renewedS * 1000 + idleMs || now >= claims.startedS * 1000 + absoluteMs;
}

/** A renewal is due at most once per max(1 min, idle/4). */
export function renewalDue(
  claims: Pick<CookieClaims, 'renewedS'>,
  now: number,
  { idleMs }: Lifetimes,
): boolean {
  return now >= claims.renewedS * 1000 + Math.max(60_000, idleMs / 4);
}
