import { originKeyText } from '../../../worker/core/origin-key.ts';

/** One deployment's secrets. */
export const secrets = {
  COOKIE_KEYS: 'a-cookie-key-of-the-system-tests-0123456789',
  ORIGIN_SECRET: 'an-origin-secret-of-the-system-tests-0123456789',
  ADMIN_TOKEN: 'an-admin-token-of-the-system-tests-0123456789',
} as const;

/** What `limpet key` prints for an origin. */
export async function originValues(pool: string, origin: string): Promise<Record<string, string>> {
  return { LIMPET_ORIGIN: origin, LIMPET_KEY: await originKeyText(secrets.ORIGIN_SECRET, pool, origin) };
}
