import type { IRequest } from 'itty-router';
import { bodyWithin } from '../core/body.ts';
import { type OriginId, originId } from '../core/ids.ts';
import type { Operation, Order, OriginState } from '../core/operation.ts';
import type { MonitorStatus } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { decoded } from './decoded.ts';
import { json } from './json.ts';
import { namedPools } from './places.ts';

/** What an order may be told besides its path. */
export interface Body {
  readonly pool?: unknown;
  readonly deadlineMs?: unknown;
  readonly weight?: unknown;
  readonly to?: unknown;
  readonly cursor?: unknown;
  readonly count?: unknown;
}

/** An origin of one pool, and what was asked of it. */
export interface Named {
  readonly pool: Pool;
  readonly origin: OriginId;
  readonly body: Body;
}

/** `GET /origins?pool=`: what is ordered of each origin, and how it is. */
export async function listOrigins({ url }: IRequest, edge: Edge): Promise<Response> {
  const pools = namedPools(new URL(url).searchParams.get('pool'), edge);
  if (pools instanceof Response) return pools;
  const told = await Promise.all(pools.map((pool) => originsOf(pool, edge.clock.now())));
  return json({ pools: told });
}

async function originsOf(pool: Pool, now: number) {
  const told = await pool.status();
  if ('kind' in told) return { pool: pool.name, unreachable: told.why, origins: [] };
  const origins = told.origins.map(({ id, url, health, since, operation }) => ({
    id,
    url,
    health,
    healthMs: now - since,
    ...operationTold(withGuests(pool), id, operation, now),
  }));
  return { pool: pool.name, routeOnly: told.routeOnly, origins };
}

/** The order's part of what is told of an origin. */
export function operationTold(pool: Pool, id: OriginId, operation: Operation, now: number) {
  const { state, since, until, by, weight } = operation;
  const configured = withGuests(pool).origins.get(id)?.weight ?? 0;
  return {
    state,
    weight: weight === 'configured' ? configured : weight,
    configuredWeight: configured,
    ...(state === 'active' ? {} : { stateMs: now - since, by }),
    ...(state === 'draining' ? { until } : {}),
  };
}

/** `POST /origins/:id/drain`, `activate`, `down`, `disable`: one state each. */
export function ordersState(state: OriginState) {
  return async (request: IRequest, edge: Edge): Promise<Response> => {
    const named = await namedOrigin(request, edge);
    if (named instanceof Response) return named;
    const { pool, origin, body } = named;
    const deadlineMs = body.deadlineMs ?? pool.config.drain.deadlineMs;
    if (typeof deadlineMs !== 'number' || !Number.isSafeInteger(deadlineMs) || deadlineMs < 0)
      return refusal(
        400,
        'malformed',
        `deadlineMs: wanted whole milliseconds, found ${JSON.stringify(deadlineMs)}.`,
      );
    if (state !== 'active') {
      const refused = await refuseWithoutOthers(pool, origin, state);
      if (refused !== undefined) return refused;
    }
    return give(pool, { kind: 'state', origin, state, by: 'operator', deadlineMs }, edge);
  };
}

/** `POST /origins/:id/weight`: of new sessions. Nobody moves. */
export async function orderWeight(request: IRequest, edge: Edge): Promise<Response> {
  const named = await namedOrigin(request, edge);
  if (named instanceof Response) return named;
  const { pool, origin, body } = named;
  const { weight } = body;
  const isWeight =
    typeof weight === 'number' && Number.isSafeInteger(weight) && weight >= 0 && weight <= 1_000;
  if (weight === 'configured' || isWeight) return give(pool, { kind: 'weight', origin, weight }, edge);
  return refusal(
    400,
    'malformed',
    `weight: wanted a whole number from 0 to 1000, or "configured", found ${JSON.stringify(weight)}.`,
  );
}

/** `POST /pools/:pool/route-only`: the kill switch. */
export async function orderRouteOnly(request: IRequest, edge: Edge): Promise<Response> {
  const body = await bodyOf(request);
  const pools = namedPools(request.params['pool'], edge);
  const [pool] = pools instanceof Response ? [] : pools;
  if (pools instanceof Response || pool === undefined) return pools instanceof Response ? pools : noPool();
  if (body?.to === 'on' || body?.to === 'off') return give(pool, { kind: 'route-only', to: body.to }, edge);
  return refusal(400, 'malformed', `to: wanted "on" or "off", found ${JSON.stringify(body?.to)}.`);
}

/** The pool and origin that a path and its body name. An id that two pools have needs its pool. */
export async function namedOrigin(request: IRequest, edge: Edge): Promise<Named | Response> {
  const body = await bodyOf(request);
  if (body === undefined) return refusal(400, 'malformed', 'Wanted a body of JSON: {} at least.');
  const wanted = body.pool ?? new URL(request.url).searchParams.get('pool');
  const pools = namedPools(typeof wanted === 'string' ? wanted : undefined, edge);
  if (pools instanceof Response) return pools;
  const origin = originId(decoded(request.params['id'] ?? ''));
  const having = pools.map(withGuests).filter(({ origins }) => origins.has(origin));
  const [pool, other] = having;
  if (pool !== undefined && other === undefined) return { pool, origin, body };
  if (pool === undefined) return unknownOrigin(pools, origin);
  const names = having.map(({ name }) => name).join(', ');
  return refusal(400, 'pool_needed', `The pools ${names} have an origin ${origin}: say which one is meant.`);
}

/** The pool with the origins that have registered themselves, as far as this edge has heard. */
export function withGuests(pool: Pool): Pool {
  return pool.membership.asOf(pool, pool.snapshots.current().snapshot);
}

function unknownOrigin(pools: readonly Pool[], origin: OriginId): Response {
  const known = pools.flatMap(({ origins }) => [...origins.keys()]).join(', ');
  return refusal(
    404,
    'unknown_origin',
    `Wanted one of the origins ${known}, found ${JSON.stringify(origin)}.`,
  );
}

function noPool(): Response {
  return refusal(404, 'unknown_pool', 'There is no pool.');
}

const bodyBytesMax = 16_384;

async function bodyOf(request: IRequest): Promise<Body | undefined> {
  if (request.method === 'GET') return {};
  const bytes = await bodyWithin(request.body ?? null, bodyBytesMax);
  try {
    const said: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof said === 'object' && said !== null && !Array.isArray(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

/** An order after which nobody would take new sessions is a mistake, or a kill switch by another name. */
async function refuseWithoutOthers(
  pool: Pool,
  origin: OriginId,
  state: OriginState,
): Promise<Response | undefined> {
  const status = await pool.status();
  if ('kind' in status) return unheard(pool, status.why);
  if (
    status.origins.length === 0 ||
    status.origins.some((other) => other.id !== origin && takesNew(pool, other))
  )
    return undefined;
  return refusal(
    409,
    'no_other_origin',
    `No other origin of pool ${pool.name} takes new sessions: ${origin} cannot be ${state}.`,
  );
}

function takesNew({ origins }: Pool, { id, operation }: MonitorStatus['origins'][number]): boolean {
  const weight = operation.weight === 'configured' ? (origins.get(id)?.weight ?? 0) : operation.weight;
  return operation.state === 'active' && weight > 0;
}

async function give(pool: Pool, order: Order, edge: Edge): Promise<Response> {
  const said = await pool.order(order);
  if (said.kind === 'unreachable') return unheard(pool, said.why);
  if (said.kind === 'no such origin')
    return refusal(
      409,
      'newer_configuration',
      'The monitor follows a newer configuration, which has no such origin.',
    );
  edge.counters.add(`order.${order.kind}`);
  const status = await pool.status();
  if ('kind' in status) return unheard(pool, status.why);
  const now = edge.clock.now();
  if (order.kind === 'route-only') return json({ pool: pool.name, routeOnly: status.routeOnly });
  const found = status.origins.find(({ id }) => id === order.origin);
  const ordered = found === undefined ? {} : operationTold(pool, found.id, found.operation, now);
  return json({ pool: pool.name, origin: order.origin, changed: said.said === 'changed', now, ...ordered });
}

export function unheard({ name }: Pool, why: string): Response {
  return refusal(503, 'monitor_unreachable', `The monitor of pool ${name} did not answer: ${why}.`, {
    'retry-after': '1',
  });
}
