import { incarnationOf } from './view.ts';
import type { SessionSeat, Visit } from '../visit.ts';

/** The affinity cookie of a session: a session cookie for the browser, whose limits stand in the signed value. */
export async function setCookie(visit: Visit, seat: SessionSeat): Promise<string> {
  const { pool } = visit;
  const { session, epoch, startedS, renewedS } = seat;
  const homeTag = pool.keyring.homeTag(seat.home);
  const incarnation = incarnationOf(visit, seat.home);
  const value = await pool.keyring.signCookie(pool.cookieName, {
    session,
    homeTag,
    epoch,
    incarnation,
    startedS,
    renewedS,
  });
  const { sameSite, secure } = pool.config.cookie;
  const attributes = ['Path=/', 'HttpOnly', `SameSite=${sameSiteText[sameSite]}`];
  if (secure) attributes.push('Secure');
  if (sameSite === 'none') attributes.push('Partitioned');
  return `${pool.cookieName}=${value}; ${attributes.join('; ')}`;
}

const sameSiteText = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;
