import type { IRequest } from 'itty-router';
import type { OriginId } from '../core/ids.ts';
import type { Operation } from '../core/operation.ts';
import type { Edge, Pool } from '../visit.ts';
import { json } from './json.ts';
import { withGuests } from './named-origin.ts';
import { namedPools } from './places.ts';

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
