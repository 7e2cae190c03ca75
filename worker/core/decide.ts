import type { Identity } from './identity.ts';
import type { OriginId, SessionId } from './ids.ts';
import type { Mood } from './panic.ts';
import type { Reason } from './outcome.ts';
import { type Snapshot, standingOf, type Trust } from './snapshot.ts';

/** What the edge sees of the pool at the moment of the request. */
export interface View {
  readonly snapshot: Snapshot;
  readonly trust: Trust;
  readonly mood: Mood;
  /** Whether the pool still has the origin, however it is. */
  has(origin: OriginId): boolean;
  /** Whether the pool still has the origin, and neither the snapshot nor this isolate speaks against it. */
  usable(origin: OriginId): boolean;
  /** Whether it is up and can be reached, and only answers badly: its breaker is open here. */
  ejected(origin: OriginId): boolean;
  /** Whether the fire drill under way makes this session see its home as failed. */
  drilled(session: SessionId, home: OriginId): boolean;
  /** The usable origin that a key belongs to, of those that take new sessions, among those that `also` lets through. */
  place(key: number, also?: (origin: OriginId) => boolean): OriginId | undefined;
  /** The origin where something new with this key begins: a careful choice while the pool is calm, any while it panics, none when it is spent. */
  placeNew(key: number, also?: (origin: OriginId) => boolean): OriginId | undefined;
}

/** Where the request may go, and whether the map must be asked first. */
export type Decision =
  /** The steady state: the cookie names a usable home of the same incarnation. Nobody is asked. */
  | { readonly kind: 'steady' }
  /** The map must confirm what the cookie says, or say what no cookie says. */
  | { readonly kind: 'confirm'; readonly why: Reason }
  /** Home is being drained: it serves once more, and is asked to let the session go. */
  | { readonly kind: 'release'; readonly why: Reason }
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
  if (view.snapshot.routeOnly && view.has(identity.home)) return { kind: 'steady' };
  if (!view.usable(identity.home)) return { kind: 'leave', why: leftBecause(view, identity.home) };
  if (view.snapshot.drill !== undefined && view.drilled(identity.session, identity.home))
    return { kind: 'leave', why: 'drill' };
  const { incarnation, state } = standingOf(view.snapshot, identity.home);
  const isCurrent = incarnation === identity.incarnation;
  if (!isCurrent || view.trust === 'stale') return { kind: 'confirm', why: 'map_confirms' };
  return state === 'draining' ? { kind: 'release', why: 'home_draining' } : { kind: 'steady' };
}

/** Why an origin that is not usable is left. */
export function leftBecause(view: View, origin: OriginId): Reason {
  const { state } = standingOf(view.snapshot, origin);
  if (state === undefined) return view.ejected(origin) ? 'home_ejected' : 'home_down';
  return state === 'draining' ? 'home_draining' : 'home_ordered_out';
}
