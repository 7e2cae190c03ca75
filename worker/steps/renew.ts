import type { Identity } from '../core/identity.ts';
import { renewalDue } from '../core/cookie-value.ts';
import type { OriginId } from '../core/ids.ts';
import { limitsOf } from './seat.ts';
import type { Visit } from '../visit.ts';

export type Renewed =
  | { readonly kind: 'not due' }
  | { readonly kind: 'renewed'; readonly home: OriginId; readonly epoch: number }
  /** The shard did not answer, or the session has ended: the cookie stays as it is. It is never signed anew without asking. */
  | { readonly kind: 'not confirmed' };

export const notDue: Renewed = { kind: 'not due' };

export function isRenewalDue({ now, pool, view }: Visit, identity: Identity): boolean {
  return (
    !view.snapshot.routeOnly && identity.kind === 'known' && renewalDue(identity, now, pool.config.session)
  );
}

/** Asks the shard while the origin works: extends the expiry, confirms home and epoch, writes the row of a session that has none yet. */
export async function renew(visit: Visit, identity: Identity): Promise<Renewed> {
  if (identity.kind !== 'known') return notDue;
  const { session, home, epoch } = identity;
  const said = await visit.pool.shards.renew(session, {
    assumed: { home, epoch },
    limits: limitsOf(visit, identity),
  });
  return said.kind === 'row'
    ? { kind: 'renewed', home: said.row.home, epoch: said.row.epoch }
    : { kind: 'not confirmed' };
}
