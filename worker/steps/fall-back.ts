import { isSharedCacheable } from '../core/stickiness.ts';
import { debugHeaders } from './debug.ts';
import { errorPage } from './error-page.ts';
import { pathMatches } from './path-matches.ts';
import { setCookie } from './set-cookie.ts';
import type { Outcome, Reason } from '../core/outcome.ts';
import type { Refusal, Visit } from '../visit.ts';

export interface FinalAnswer {
  readonly response: Response;
  readonly outcome: Outcome;
  readonly reason: Reason;
}

/** Nothing can serve: a safe request gets the copy of an earlier answer, marked with its age; anything else the 503 page. The cookie is kept. */
export async function fallBack(visit: Visit, refusal: Refusal): Promise<FinalAnswer> {
  if (refusal.code === 'no_origin' && visit.request.method === 'GET') {
    const cached = await visit.pool.fallback.answer(answerKey(visit));
    if (cached !== undefined) return staleAnswer(visit, cached.response, cached.ageMs);
  }
  return refuse(visit, refusal);
}

function staleAnswer(visit: Visit, cached: Response, ageMs: number): FinalAnswer {
  const headers = new Headers(cached.headers);
  headers.set('age', String(Math.ceil(ageMs / 1000)));
  headers.set('warning', '110 limpet "Response is Stale"');
  headers.set('cache-control', 'no-store');
  debugHeaders(visit, headers, 'fallback', 'cached_copy', undefined);
  headers.set('limpet-age', String(Math.ceil(ageMs / 1000)));
  const response = new Response(cached.body, { status: 200, headers });
  return { response, outcome: 'fallback', reason: 'cached_copy' };
}

/** The answer that Limpet gives itself: the operator's own page for browsers, JSON for everybody else. */
async function refuse(visit: Visit, refusal: Refusal): Promise<FinalAnswer> {
  const { code, outcome } = refusal;
  const { body, type } = await errorPage(visit, refusal);
  const headers = new Headers({ 'content-type': type, 'cache-control': 'no-store', 'limpet-code': code });
  if (refusal.retryAfterS !== undefined) headers.set('retry-after', String(refusal.retryAfterS));
  const { seat } = refusal;
  if (seat !== undefined && seat.by === 'cookie') headers.append('set-cookie', await setCookie(visit, seat));
  debugHeaders(visit, headers, outcome, code, refusal.seat);
  const response = new Response(visit.request.method === 'HEAD' ? null : body, {
    status: refusal.status,
    headers,
  });
  return { response, outcome, reason: code };
}

/** Keeps a copy of an answer that everybody may see, for the time when no origin can serve. At most once a minute per path. */
export function keepForFallback(visit: Visit, response: Response): void {
  if (!mayKeep(visit, response)) return;
  const key = answerKey(visit);
  const kept = visit.pool.copied.peek(key);
  if (kept !== undefined && visit.now - kept < refreshMs) return;
  visit.pool.copied.set(key, visit.now);
  visit.waitUntil(visit.pool.fallback.keepAnswer(key, response.clone()));
}

const refreshMs = 60_000;

/** What most answers are not (public, or on a path that the operator names) is looked at first. */
function mayKeep({ request, pool, url }: Visit, { status, headers }: Response): boolean {
  if (request.method !== 'GET' || status !== 200) return false;
  const { paths, bodyBytesMax } = pool.config.fallback;
  if (!paths.some((path) => pathMatches(path, url.target)) && !isMarkedPublic(headers)) return false;
  if (headers.has('set-cookie') || headers.get('cache-control')?.includes('no-store') === true) return false;
  return Number(headers.get('content-length') ?? 0) <= bodyBytesMax;
}

function isMarkedPublic(headers: Headers): boolean {
  return (
    isSharedCacheable(headers) &&
    (headers.get('vary') ?? 'accept-encoding').toLowerCase() === 'accept-encoding'
  );
}

function answerKey({ url }: Visit): string {
  return `${url.host}${url.target}`;
}
