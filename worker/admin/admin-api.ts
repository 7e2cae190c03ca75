import { type IRequest, Router } from 'itty-router';
import { sameText } from '../core/same-text.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { beginDrill, stopDrill } from './drill.ts';
import { listIncidents, openIncidents, showIncident } from './incidents.ts';
import { endSession, listSessions, showSession } from './sessions.ts';
import { listShards, promote } from './shards.ts';
import { endSubject, eraseSubject, exportSubject } from './subjects.ts';
import { accountOf, sweepOrigin } from './drain.ts';
import { json } from './json.ts';
import { lostWrites } from './lost.ts';
import { withGuests } from './named-origin.ts';
import { orderRouteOnly, ordersState, orderWeight } from './origin-orders.ts';
import { listOrigins, operationTold } from './origins.ts';
import { moveSome } from './rebalance.ts';

type Endpoint = (request: IRequest, edge: Edge) => Response | Promise<Response>;

/** The operators' side. Nothing answers without the bearer token, and what is wrong with a token is not said. */
const router = Router<IRequest, [Edge], Response>({ base: '/.limpet/admin' });
router.all('*', requireToken);
only('GET', '/status', status);
only('GET', '/sessions', listSessions);
only('GET', '/sessions/:id', showSession);
only('POST', '/sessions/:id/end', endSession);
only('POST', '/subject/end', endSubject);
only('POST', '/subject/export', exportSubject);
only('POST', '/subject/erase', eraseSubject);
only('GET', '/lost', lostWrites);
only('GET', '/origins', listOrigins);
only('POST', '/origins/:id/drain', ordersState('draining'));
only('POST', '/origins/:id/activate', ordersState('active'));
only('POST', '/origins/:id/down', ordersState('down'));
only('POST', '/origins/:id/disable', ordersState('disabled'));
only('POST', '/origins/:id/weight', orderWeight);
only('POST', '/origins/:id/sweep', sweepOrigin);
only('POST', '/origins/:id/move', moveSome);
only('GET', '/origins/:id/account', accountOf);
only('POST', '/pools/:pool/route-only', orderRouteOnly);
only('GET', '/incidents', listIncidents);
only('GET', '/incidents/:id', showIncident);
only('POST', '/drill', beginDrill);
only('POST', '/drill/stop', stopDrill);
only('GET', '/shards', listShards);
only('POST', '/promote', promote);

/** One method per path: what else comes is told which. */
function only(method: 'GET' | 'POST', path: string, endpoint: Endpoint): void {
  if (method === 'GET') router.get(path, endpoint);
  else router.post(path, endpoint);
  router.all(path, (request) =>
    refusal(405, 'method_not_allowed', `${request.method} is not served here.`, { allow: method }),
  );
}

export async function adminApi(request: Request, edge: Edge): Promise<Response> {
  const answer: Response | undefined = await router.fetch(request, edge);
  return answer ?? refusal(404, 'not_found', 'No such endpoint.');
}

function requireToken({ headers, method }: IRequest, edge: Edge): Response | undefined {
  const given = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? '';
  if (sameText(given, edge.adminToken)) return undefined;
  if (sameText(given, edge.readToken)) return method === 'GET' ? undefined : readsOnly();
  return refusal(401, 'unauthorized', 'This needs the admin token: Authorization: Bearer <ADMIN_TOKEN>.', {
    'www-authenticate': 'Bearer',
  });
}

function readsOnly(): Response {
  return refusal(
    403,
    'forbidden',
    'This is the read token: it shows, and orders nothing. An order needs ADMIN_TOKEN.',
  );
}

async function status(_request: IRequest, edge: Edge): Promise<Response> {
  const pools = await Promise.all([...edge.pools.values()].map((pool) => poolStatus(pool, edge)));
  return json({ pools, isolate: { counters: edge.counters.all() } });
}

async function poolStatus(pool: Pool, edge: Edge) {
  const [told, incidents] = await Promise.all([pool.status(), openIncidents(pool)]);
  const { ageMs, snapshot } = pool.snapshots.current();
  const here = { snapshotVersion: snapshot.version, snapshotAgeMs: Number.isFinite(ageMs) ? ageMs : null };
  if ('kind' in told)
    return { name: pool.name, monitor: { unreachable: told.why }, here, incidents, origins: [] };
  const now = edge.clock.now();
  const origins = told.origins.map(
    ({ id, url, health, incarnation, since, last, operation, leasedUntil }) => ({
      id,
      url,
      ...(leasedUntil === undefined ? {} : { leaseEndsInMs: Math.max(0, leasedUntil - now) }),
      health,
      incarnation,
      sinceMs: now - since,
      lastProbe: last,
      ...operationTold(withGuests(pool), id, operation, now),
      suspectHere: pool.suspicions.isSuspect(id, now),
      seenHere: pool.passive.seen(id, now),
    }),
  );
  const { version, routeOnly } = told;
  return { name: pool.name, monitor: { version }, routeOnly, here, incidents, origins };
}
