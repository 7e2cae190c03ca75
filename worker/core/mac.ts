import { base64url } from './base64url.ts';
import { sameText } from './same-text.ts';

/** HMAC-SHA-256 through WebCrypto. A key is imported once and kept. */
export type MacKey = CryptoKey;

const algorithm = { name: 'HMAC', hash: 'SHA-256' };
const encoder = new TextEncoder();

export function importMacKey(secret: string | Uint8Array<ArrayBuffer>): Promise<MacKey> {
  const bytes = typeof secret === 'string' ? encoder.encode(secret) : secret;
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify']);
}

export async function mac(
  key: MacKey,
  message: string | Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = typeof message === 'string' ? encoder.encode(message) : message;
  return new Uint8Array(await crypto.subtle.sign(algorithm.name, key, bytes));
}

export async function macText(
  key: MacKey,
  message: string | Uint8Array<ArrayBuffer>,
  bytes = 32,
): Promise<string> {
  return base64url((await mac(key, message)).subarray(0, bytes));
}

/** Compared in constant time, and as text: the last character of a base64url text has bits that its bytes do not have. */
export async function macMatches(
  key: MacKey,
  message: string | Uint8Array<ArrayBuffer>,
  tag: string,
  bytes = 32,
): Promise<boolean> {
  return sameText(tag, await macText(key, message, bytes));
}

/** A key of its own for a purpose, so that a value signed for one thing never verifies as another. */
export async function deriveMacKey(secret: string, purpose: string): Promise<MacKey> {
  return importMacKey(await mac(await importMacKey(secret), purpose));
}
