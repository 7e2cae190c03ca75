import { fromBase64url } from './base64url.ts';

/** Who this origin is, and the key that proves that a request came through Limpet. */
export interface Credentials {
  readonly origin: string;
  readonly key: Uint8Array<ArrayBuffer>;
}

const WHERE = 'Print both values with: npx limpet key <origin>';

/**
 * Reads the two values that an origin needs: from the options, or from `LIMPET_ORIGIN` and `LIMPET_KEY`.
 *
 * @throws TypeError when one is missing or malformed. The sentence never repeats the key.
 */
export function readCredentials(given: { origin?: string; key?: string }): Credentials {
  const origin = given.origin ?? environment('LIMPET_ORIGIN');
  const key = given.key ?? environment('LIMPET_KEY');
  if (origin === undefined || !/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(origin)) {
    throw refusal(
      'LIMPET_ORIGIN',
      'the id of this origin in limpet.config.ts (letters, digits, ".", "_", "-")',
      found(origin),
    );
  }
  const bytes = key === undefined ? undefined : fromBase64url(key);
  if (bytes?.length !== 32) {
    const size =
      key === undefined || key === '' ? 'nothing' : `${key.length} characters that are not such a key`;
    throw refusal('LIMPET_KEY', '43 characters of base64url (32 bytes)', size);
  }
  return { origin, key: bytes };
}

function environment(name: string): string | undefined {
  return typeof process === 'undefined' ? undefined : process.env[name];
}

function found(value: string | undefined): string {
  return value === undefined || value === '' ? 'nothing' : JSON.stringify(value);
}

function refusal(name: string, wanted: string, seen: string): TypeError {
  return new TypeError(`Cannot create the Limpet origin: ${name} must be ${wanted}, found ${seen}. ${WHERE}`);
}
