import type { IRequest } from 'itty-router';
import { base64url } from '../core/base64url.ts';
import { drillForMaxMs, drillForMinMs, drillShareMax, type DrillWish } from '../core/drill.ts';
import { originId, poolName } from '../core/ids.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { monitorAway, toldOf } from './incidents.ts';
import { json } from './json.ts';
import { orderIn } from './order.ts';

/** `POST /drill { pool, origin, sharePercent, forMs }`: that share of the origin's sessions sees it as failed. */
export async function beginDrill(request: IRequest, edge: Edge): Promise<Response> {
  const order = await orderIn(request);
  const pool = poolIn(order?.['pool'], edge);
  if (pool instanceof Response) return pool;
  const cannot = whyNot(pool);
  if (cannot !== undefined) return refusal(409, 'cannot_drill', cannot);
  const { origin, sharePercent, forMs } = order ?? {};
  const share = Math.round(Number(sharePercent) * 100);
  if (
    typeof origin !== 'string' ||
    !isWithin(share, 1, drillShareMax) ||
    !isWithin(forMs, drillForMinMs, drillForMaxMs)
  )
    return malformed();
  const nonce = base64url(edge.chance.bytes(12));
  const wish: DrillWish = { origin: originId(origin), share, forMs, nonce };
  const said = await pool.incidentDesk.drill(wish);
  if (said.kind === 'unreachable') return monitorAway(pool, said.why);
  if (said.kind === 'refused')
    return refusal(said.code === 'unknown_origin' ? 404 : 409, said.code, said.message);
  return json({ incident: toldOf(pool, said.incident), until: said.incident.detectedAt + forMs });
}

/** `POST /drill/stop { pool }` */
export async function stopDrill(request: IRequest, edge: Edge): Promise<Response> {
  const order = await orderIn(request);
  const pool = poolIn(order?.['pool'], edge);
  if (pool instanceof Response) return pool;
  const said = await pool.incidentDesk.stopDrill();
  if (said.kind === 'unreachable') return monitorAway(pool, said.why);
  if (said.number === null) return refusal(404, 'no_drill', `No drill is under way in pool ${pool.name}.`);
  return json({ stopped: `${pool.name}:${said.number}` });
}

/** A drill must not take from anybody what a failure would. */
function whyNot({ name, config }: Pool): string | undefined {
  const { mode, onHomeLost } = config.session;
  if (onHomeLost !== 'empty') return undefined;
  return `Sessions of pool ${name} lose their data when they move (mode "${mode}", onHomeLost "empty"): a drill would harm them.`;
}

function poolIn(named: unknown, edge: Edge): Pool | Response {
  const pool = typeof named === 'string' ? edge.pools.get(poolName(named)) : undefined;
  const known = [...edge.pools.keys()].join(', ');
  return (
    pool ??
    refusal(404, 'unknown_pool', `Wanted one of the pools ${known}, found ${JSON.stringify(named ?? null)}.`)
  );
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}

function malformed(): Response {
  return refusal(
    400,
    'malformed',
    `Wanted { "pool", "origin", "sharePercent": 0.01 to ${drillShareMax / 100}, "forMs": ${drillForMinMs} to ${drillForMaxMs} }.`,
  );
}
