import type { Identity } from '../core/identity.ts';
import { isNavigation, mayBeShared, sharedCacheFields } from '../core/stickiness.ts';
import { debugHeaders } from './debug.ts';
import { isContractName } from './origin-request.ts';
import { publicHeaders } from './public-host.ts';
import type { Renewed } from './renew.ts';
import { setCookie } from './set-cookie.ts';
import { incarnationOf } from './view.ts';
import type { KeptAnswer, Seat, SessionSeat, Visit } from '../visit.ts';

/**
 * Tells the client where home is now. The origin's answer goes through untouched unless something changed: a new `Response` costs more than
 * everything else on this path.
 */
export async function stick(
  visit: Visit,
  identity: Identity,
  kept: KeptAnswer,
  renewed: Renewed,
): Promise<Response> {
  const { response, seat } = kept;
  const headers = new Headers(response.headers);
  if (kept.contract === 'handed' || visit.pool.config.session.contract) stripContract(headers);
  publicHeaders(visit, seat.home, response.status, headers);
  const due = cookieDue(visit, identity, seat, renewed, response);
  if (due !== undefined) await addCookie(visit, due, headers);
  debugHeaders(visit, headers, seat.outcome, seat.reason, seat);
  return withHeaders(response, headers);
}

/** Whether anything of the answer must change at all. */
export function untouched(visit: Visit, response: Response): boolean {
  const { headers, status } = response;
  if (visit.edge.config.debug !== 'off' || headers.has('limpet-instance')) return false;
  if (!visit.pool.config.rewriteHost) return true;
  return (
    !(status >= 300 && status < 400) &&
    status !== 201 &&
    !headers.has('content-location') &&
    !headers.has('set-cookie')
  );
}

function stripContract(headers: Headers): void {
  for (const name of Array.from(headers.keys())) if (isContractName(name)) headers.delete(name);
}

/** The session that the client must hear of, or undefined where its cookie is right, or where it has none and none is due yet. */
function cookieDue(
  visit: Visit,
  identity: Identity,
  seat: Seat,
  renewed: Renewed,
  response: Response,
): SessionSeat | undefined {
  if (seat.kind === 'stateless' || seat.by === 'learned-key' || isUnclaimed(seat)) return undefined;
  const due =
    identity.kind === 'known' && identity.session === seat.session ? renewedSeat(visit, seat, renewed) : seat;
  if (identity.kind === 'known' && identity.session === seat.session) {
    const same =
      identity.home === due.home && identity.epoch === due.epoch && identity.renewedS === due.renewedS;
    return same && (isUnconfirmed(seat) || identity.incarnation === incarnationOf(visit, due.home))
      ? undefined
      : due;
  }
  // Another request's logout or login may have given the client a newer cookie meanwhile: only a page or a state replaces that.
  const told = identity.kind === 'known' && seat.outcome !== 'assigned';
  return told || isFirstCookieDue(visit, response) ? due : undefined;
}

/** Served from a copy by an origin that is not its home: the cookie keeps naming the home. */
function isUnclaimed({ carried }: SessionSeat): boolean {
  return carried.kind === 'read-only';
}

/** The map did not answer: signing the new incarnation would be a confirmation that nobody gave. */
function isUnconfirmed({ reason }: SessionSeat): boolean {
  return reason === 'stale_snapshot' || reason === 'store_unreachable' || reason === 'route_only';
}

/** The newer of what served and what the map said meanwhile, with the renewal's time. */
function renewedSeat(visit: Visit, seat: SessionSeat, renewed: Renewed): SessionSeat {
  if (renewed.kind !== 'renewed') return seat;
  const { home, epoch } = renewed.epoch > seat.epoch ? renewed : seat;
  return { ...seat, home, epoch, renewedS: Math.floor(visit.now / 1000) };
}

/** A first cookie goes out with the origin's own, with a state, or to a navigation; never to an asset, never on what a shared cache may keep. */
function isFirstCookieDue(visit: Visit, { headers }: Response): boolean {
  if (mayBeShared(headers)) return false;
  return (
    headers.has('set-cookie') ||
    headers.has('limpet-version') ||
    headers.has('limpet-subject') ||
    isNavigation(visit.request.headers)
  );
}

/** Added, never in place of the origin's own cookies. What carries a cookie is nobody else's to keep. */
async function addCookie(visit: Visit, seat: SessionSeat, headers: Headers): Promise<void> {
  if (mayBeShared(headers)) {
    headers.set('cache-control', 'private');
    for (const name of sharedCacheFields) headers.delete(name);
  }
  headers.append('set-cookie', await setCookie(visit, seat));
}

function withHeaders(response: Response, headers: Headers): Response {
  const { status, statusText, webSocket } = response;
  if (webSocket !== null) return new Response(null, { status, headers, webSocket });
  const body = status === 204 || status === 205 || status === 304 ? null : response.body;
  return new Response(body, { status, statusText, headers });
}
