import type { IRequest } from 'itty-router';
import type { Edge } from '../visit.ts';
import { json } from './json.ts';
import { namedPools } from './places.ts';
import { fullName, shortName } from './sessions.ts';

/** `GET /lost?pool=&full=1`: writes that were refused, fenced or left unstored, newest first. */
export async function lostWrites({ url }: IRequest, edge: Edge): Promise<Response> {
  const wanted = new URL(url).searchParams;
  const pools = namedPools(wanted.get('pool'), edge);
  if (pools instanceof Response) return pools;
  const name = wanted.get('full') === '1' ? fullName : shortName;
  const told = await Promise.all(
    pools.map(async (pool) => {
      const writes = await pool.lost.list();
      if ('kind' in writes) return { pool: pool.name, unreachable: writes.why, writes: [] };
      return { pool: pool.name, writes: writes.map((write) => ({ ...write, session: name(write.session) })) };
    }),
  );
  return json({ pools: told });
}
