import { toBase64url } from './base64url.ts';
import type { StateKeys } from './state-keys.ts';

/** Encrypts what leaves this process, and opens what comes. */
export interface StateCipher {
  /** Bytes by which a state grows. */
  readonly overheadBytes: number;
  seal(state: Uint8Array): Promise<Uint8Array>;
  open(bytes: Uint8Array): Promise<Opened>;
}

/** An opened state, or why it stays shut. */
export type Opened =
  | { readonly kind: 'opened'; readonly state: Uint8Array }
  | { readonly kind: 'locked'; readonly why: string };

/** Begins no UTF-8 text, so no state that JSON has written. */
const MARK = [0xf5, 0x4c, 0x45, 0x01] as const;
const ID_BYTES = 8;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SALT_AT = MARK.length + ID_BYTES;
const NONCE_AT = SALT_AT + SALT_BYTES;
const BODY_AT = NONCE_AT + NONCE_BYTES;
const PURPOSE = 'limpet-state-v1';

interface Master {
  readonly id: Uint8Array;
  readonly material: CryptoKey;
}

/**
 * AES-256-GCM. Layout: mark (4 bytes), key id (8), salt (16), nonce (12), ciphertext with its tag; all before the nonce is authenticated with it. Each
 * process draws a salt and encrypts with a key of its own, HKDF-SHA-256(key, salt, "limpet-state-v1"), so that random nonces never come near the number
 * at which they would repeat, however many processes there are.
 */
export function createStateCipher({ keys, unencrypted }: StateKeys): StateCipher {
  const masters = Promise.all(keys.map(importMaster));
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const sealing = masters.then(
    async ([newest]) => newest && { id: newest.id, key: await derive(newest, salt, 'encrypt') },
  );

  return {
    overheadBytes: BODY_AT + TAG_BYTES,
    async seal(state) {
      const newest = await sealing;
      if (!newest) throw new TypeError('Cannot encrypt a session state: there must be a key, found none');
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const head = joined([new Uint8Array(MARK), newest.id, salt, nonce]);
      const body = await crypto.subtle.encrypt(parameters(head), newest.key, new Uint8Array(state));
      return joined([head, new Uint8Array(body)]);
    },
    async open(bytes) {
      if (!isSealed(bytes)) return openPlain(bytes, unencrypted);
      const id = bytes.subarray(MARK.length, SALT_AT);
      const master = (await masters).find((one) => isSame(one.id, id));
      if (!master)
        return { kind: 'locked', why: `it was encrypted with key ${toBase64url(id)}, which is not here` };
      const head = new Uint8Array(bytes.subarray(0, BODY_AT));
      const key = await derive(master, head.subarray(SALT_AT, NONCE_AT), 'decrypt');
      return decrypt(head, key, new Uint8Array(bytes.subarray(BODY_AT)));
    },
  };
}

/** What an origin without keys reads: everything but what others have encrypted. */
export function refuseSealed(bytes: Uint8Array): Opened {
  return isSealed(bytes)
    ? { kind: 'locked', why: 'it is encrypted, and this origin has no LIMPET_STATE_KEYS' }
    : { kind: 'opened', state: bytes };
}

function openPlain(bytes: Uint8Array, unencrypted: StateKeys['unencrypted']): Opened {
  if (bytes.length === 0 || unencrypted === 'accept') return { kind: 'opened', state: bytes };
  return { kind: 'locked', why: "it is not encrypted, and encryption.unencrypted is not 'accept'" };
}

async function decrypt(
  head: Uint8Array<ArrayBuffer>,
  key: CryptoKey,
  body: Uint8Array<ArrayBuffer>,
): Promise<Opened> {
  try {
    return {
      kind: 'opened',
      state: new Uint8Array(await crypto.subtle.decrypt(parameters(head), key, body)),
    };
  } catch {
    return { kind: 'locked', why: 'it was changed since it was encrypted, or its key is another one' };
  }
}

function parameters(head: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv: head.subarray(NONCE_AT), additionalData: head.subarray(0, NONCE_AT) };
}

async function importMaster(key: Uint8Array<ArrayBuffer>): Promise<Master> {
  const material = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveKey', 'deriveBits']);
  const id = await crypto.subtle.deriveBits(hkdf(new Uint8Array(0), `${PURPOSE} id`), material, ID_BYTES * 8);
  return { id: new Uint8Array(id), material };
}

function derive({ material }: Master, salt: Uint8Array<ArrayBuffer>, use: KeyUsage): Promise<CryptoKey> {
  return crypto.subtle.deriveKey(hkdf(salt, PURPOSE), material, { name: 'AES-GCM', length: 256 }, false, [
    use,
  ]);
}

function hkdf(salt: Uint8Array<ArrayBuffer>, info: string): HkdfParams {
  return { name: 'HKDF', hash: 'SHA-256', salt, info: new TextEncoder().encode(info) };
}

function isSealed(bytes: Uint8Array): boolean {
  return bytes.length >= BODY_AT + TAG_BYTES && MARK.every((byte, at) => bytes[at] === byte);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, at) => byte === other[at]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
