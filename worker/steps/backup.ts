import type { Identity } from '../core/identity.ts';
import { poolName } from '../core/ids.ts';
import { open } from './open.ts';
import type { Visit } from '../visit.ts';

/** The same request as the pool's backup would see it; undefined where there is none, or where the request belongs here. */
export function atBackup(
  { request, edge, pool, url, waitUntil }: Visit,
  identity: Identity,
): Visit | Promise<Visit> | undefined {
  if (pool.config.backup === '' || identity.kind === 'known' || identity.kind === 'keyed') return undefined;
  const backup = edge.pools.get(poolName(pool.config.backup));
  return backup === undefined ? undefined : open(request, edge, backup, url, waitUntil);
}

/** A session that began at the backup stays there; a new one begins there only while nothing can begin here. */
export function belongsToBackup(here: Visit, there: Visit, identity: Identity): boolean {
  return identity.kind === 'known' || (here.view.mood === 'spent' && there.view.mood !== 'spent');
}
