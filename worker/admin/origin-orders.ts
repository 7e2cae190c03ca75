import type { IRequest } from 'itty-router';
import type { OriginId } from '../core/ids.ts';
import type { Order, OriginState } from '../core/operation.ts';
import type { MonitorStatus } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { json } from './json.ts';
import { bodyOf, namedOrigin, noPool, unheard } from './named-origin.ts';
import { operationTold } from './origins.ts';
import { namedPools } from './places.ts';

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
