import type { Identity } from './identity.ts';
import type { OriginId, SessionId } from './ids.ts';
import type { Reason } from './outcome.ts';
import { type Snapshot, standingOf, type Trust } from './snapshot.ts';

/** What the edge sees of the pool at the moment of the request. */
export interface View {
  readonly snapshot: Snapshot;
  readonly trust: Trust;
  /** Whether the pool still has the origin, and neither the snapshot nor this isolate speaks against it. */
  usable(origin: OriginId): boolean;
  /** Whether the fire drill under way makes this session see its home as failed. */
  drilled(session: SessionId, home: OriginId): boolean;
  /** The usable origin that a key belongs to, among those that `also` lets through. */
  place(key: number, also?: (origin: OriginId) => boolean): OriginId | undefined;
}

/** Where the request may go, and whether the map must be asked first. */
export type Decision =
  /** The steady state: the cookie names a usable home of the same incarnation. Nobody is asked. */
  | { readonly kind: 'steady' }
  /** The map must confirm what the cookie says, or say what no cookie says. */
  | { readonly kind: 'confirm'; readonly why: Reason }
  /** Home cannot be used: the session is claimed for another origin. */
  | { readonly kind: 'leave'; readonly why: Reason }
  /** Nothing to keep: a place is drawn. */
  | { readonly kind: 'place'; readonly why: Reason };

export function decide(identity: Identity, view: View): Decision {
  switch (identity.kind) {
    case 'known':
      return decideKnown(identity, view);
    case 'keyed':
      return { kind: 'confirm', why: 'map_names_home' };
    case 'new':
      return { kind: 'place', why: identity.reason };
    case 'stateless':
      return { kind: 'place', why: 'no_key' };
    default:
      return identity satisfies never;
  }
}

function decideKnown(identity: Identity & { kind: 'known' }, view: View): Decision {
  if (!view.usable(identity.home)) return { kind: 'leave', why: 'home_down' };
  if (view.snapshot.drill !== undefined && view.drilled(identity.session, identity.home))
    return { kind: 'leave', why: 'drill' };
  const isCurrent = standingOf(view.snapshot, identity.home).incarnation === identity.incarnation;
  return isCurrent && view.trust !== 'stale' ? { kind: 'steady' } : { kind: 'confirm', why: 'map_confirms' };
}
