import { fromBase64url, toBase64url } from './base64url.ts';

/** How states are encrypted before they leave this process. */
export interface EncryptionOptions {
  /**
   * Keys of 32 bytes as base64 or base64url, the newest first: it encrypts, all of them decrypt. To rotate, add the new one last at every origin, then
   * move it to the front, and remove the old one when the sessions of before are over. Default: `LIMPET_STATE_KEYS`, separated by commas.
   */
  readonly keys?: readonly string[];
  /** What to do with a state that is not encrypted: `accept` while encryption is being introduced. Default: `refuse`. */
  readonly unencrypted?: 'refuse' | 'accept';
}

/** Which keys there are, as bytes. */
export interface StateKeys {
  readonly keys: readonly Uint8Array<ArrayBuffer>[];
  readonly unencrypted: 'refuse' | 'accept';
}

const MAKE_ONE = 'Make one with: openssl rand -base64 32';
const KEY_BYTES = 32;

/**
 * Reads the keys from the options, or from `LIMPET_STATE_KEYS`; `undefined` when there are none: states leave as they are then.
 *
 * @throws TypeError when one is malformed or there twice. The sentence never repeats a key.
 */
export function readStateKeys(given: EncryptionOptions | undefined): StateKeys | undefined {
  const variable = typeof process === 'undefined' ? undefined : process.env['LIMPET_STATE_KEYS'];
  const texts = given?.keys ?? variable?.split(/[\s,]+/).filter((text) => text !== '');
  if (texts === undefined) {
    if (given === undefined) return undefined;
    throw refusal('encryption.keys', 'a list of keys, or LIMPET_STATE_KEYS', 'neither');
  }
  const where = given?.keys ? 'encryption.keys' : 'LIMPET_STATE_KEYS';
  if (texts.length === 0) throw refusal(where, 'at least one key', 'none');
  const keys = texts.map((text, at) => readKey(text, `${where}[${at}]`));
  const canonical = keys.map(toBase64url);
  canonical.forEach((text, at) => {
    const first = canonical.indexOf(text);
    if (first !== at)
      throw refusal(`${where}[${at}]`, 'another key than the others', `the one of [${first}]`);
  });
  return { keys, unencrypted: given?.unencrypted ?? 'refuse' };
}

function readKey(text: unknown, where: string): Uint8Array<ArrayBuffer> {
  const wanted = `${KEY_BYTES} bytes as base64 or base64url`;
  if (typeof text !== 'string') throw refusal(where, wanted, typeof text);
  const bytes = fromBase64url(text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''));
  if (bytes?.length === KEY_BYTES) return bytes;
  const found = bytes === undefined ? `${text.length} characters that are neither` : `${bytes.length} bytes`;
  throw refusal(where, wanted, found);
}

function refusal(where: string, wanted: string, found: string): TypeError {
  return new TypeError(
    `Cannot encrypt session states: ${where} must be ${wanted}, found ${found}. ${MAKE_ONE}`,
  );
}
