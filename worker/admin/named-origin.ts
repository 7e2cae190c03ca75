import type { IRequest } from 'itty-router';
import { bodyWithin } from '../core/body.ts';
import { type OriginId, originId } from '../core/ids.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { decoded } from './decoded.ts';
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

export function noPool(): Response {
  return refusal(404, 'unknown_pool', 'There is no pool.');
}

const bodyBytesMax = 16_384;

export async function bodyOf(request: IRequest): Promise<Body | undefined> {
  if (request.method === 'GET') return {};
  const bytes = await bodyWithin(request.body ?? null, bodyBytesMax);
  try {
    const said: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof said === 'object' && said !== null && !Array.isArray(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

export function unheard({ name }: Pool, why: string): Response {
  return refusal(503, 'monitor_unreachable', `The monitor of pool ${name} did not answer: ${why}.`, {
    'retry-after': '1',
  });
}
