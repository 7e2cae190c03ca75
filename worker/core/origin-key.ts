import { base64url } from './base64url.ts';
import { importMacKey, mac } from './mac.ts';

/** The key that an origin and the edge share (docs/contract.md §5): 32 bytes, derived, so that nothing per origin is stored. */
export async function originKey(
  originSecret: string,
  pool: string,
  origin: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return mac(await importMacKey(originSecret), `limpet-origin-v1\n${pool}\n${origin}`);
}

/** The same key as `LIMPET_KEY` is written. */
export async function originKeyText(originSecret: string, pool: string, origin: string): Promise<string> {
  return base64url(await originKey(originSecret, pool, origin));
}
