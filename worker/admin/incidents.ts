import type { IRequest } from 'itty-router';
import { type Incident, recoveryOf } from '../core/incident.ts';
import { poolName } from '../core/ids.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { decoded } from './decoded.ts';
import { json } from './json.ts';
import { namedPools } from './places.ts';

/** `GET /incidents?pool=`: the newest first, pool by pool. */
export async function listIncidents({ url }: IRequest, edge: Edge): Promise<Response> {
  const pools = namedPools(new URL(url).searchParams.get('pool'), edge);
  if (pools instanceof Response) return pools;
  const told = await Promise.all(
    pools.map(async (pool) => {
      const incidents = await pool.incidentDesk.list();
      if ('kind' in incidents) return { pool: pool.name, unreachable: incidents.why, incidents: [] };
      return { pool: pool.name, incidents: incidents.map((incident) => toldOf(pool, incident)) };
    }),
  );
  return json({ now: edge.clock.now(), pools: told });
}

/** `GET /incidents/shop:17` */
export async function showIncident({ params }: IRequest, edge: Edge): Promise<Response> {
  const id = decoded(params?.['id'] ?? '');
  const [, name, number] = /^(.+):([0-9]{1,9})$/.exec(id) ?? [];
  const pool = edge.pools.get(poolName(name ?? ''));
  if (pool === undefined) return noIncident(id);
  const incidents = await pool.incidentDesk.list();
  if ('kind' in incidents) return monitorAway(pool, incidents.why);
  const incident = incidents.find((one) => one.number === Number(number));
  return incident === undefined
    ? noIncident(id)
    : json({ now: edge.clock.now(), incident: toldOf(pool, incident) });
}

/** Those that are not over. */
export async function openIncidents(pool: Pool) {
  const incidents = await pool.incidentDesk.list();
  if ('kind' in incidents) return [];
  return incidents.filter(({ endedAt }) => endedAt === null).map((incident) => toldOf(pool, incident));
}

export function toldOf(pool: Pool, { number, success, toll, ...incident }: Incident) {
  return {
    id: `${pool.name}:${number}`,
    pool: pool.name,
    ...incident,
    firstSuccessAt: success?.firstAt ?? null,
    recovery: {
      ...recoveryOf({ number, success, toll, ...incident }),
      slowestMs: success?.slowestMs ?? null,
    },
    ...toll,
  };
}

export function monitorAway(pool: Pool, why: string): Response {
  return refusal(503, 'monitor_unreachable', `The monitor of pool ${pool.name} did not answer: ${why}.`, {
    'retry-after': '1',
  });
}

function noIncident(id: string): Response {
  return refusal(
    404,
    'no_incident',
    `Wanted the id of an incident of the last 30 days, such as shop:17, found ${JSON.stringify(id)}.`,
  );
}
