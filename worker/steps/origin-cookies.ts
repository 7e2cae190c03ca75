import { withoutCookie } from '../core/cookie-header.ts';
import type { Pool } from '../visit.ts';

/** What of the Cookie header an origin may see. */
export function originCookies(pool: Pool, header: string): string {
  return pool.jars.peek(header)?.stripped ?? withoutCookie(header, pool.cookieName);
}
