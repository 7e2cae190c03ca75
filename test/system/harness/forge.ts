import { originId, poolName } from '../../../worker/core/ids.ts';
import { createKeyring } from '../../../worker/core/keyring.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';
import { secrets } from './secrets.ts';

export interface Claims {
  readonly home: string;
  readonly pool?: string;
  readonly epoch?: number;
  readonly incarnation?: number;
  readonly session?: string;
  /** Seconds ago. */
  readonly started?: number;
  readonly renewed?: number;
}

/** A cookie value as the Worker would sign it: what an attacker with another pool's cookie, or an old device, has. */
export async function signedCookie({
  home,
  pool = 'shop',
  epoch = 0,
  incarnation = 0,
  session,
  started = 0,
  renewed = 0,
}: Claims) {
  const keys = { cookieKeys: [secrets.COOKIE_KEYS], originSecret: secrets.ORIGIN_SECRET };
  const keyring = await createKeyring(poolName(pool), ['a', 'b', 'c'].map(originId), keys);
  const nowS = Math.floor(Date.now() / 1000);
  const fresh = makeSessionId(
    { region: 'xx', generation: 0, number: 1 },
    crypto.getRandomValues(new Uint8Array(16)),
  );
  return keyring.signCookie('limpet', {
    session: session === undefined ? fresh : (session as typeof fresh),
    homeTag: keyring.homeTag(originId(home)),
    epoch,
    incarnation,
    startedS: nowS - started,
    renewedS: nowS - renewed,
  });
}

/** The session that a cookie value names. */
export function sessionIn(value: string | undefined): string {
  return value?.split('.')[1] ?? '';
}
