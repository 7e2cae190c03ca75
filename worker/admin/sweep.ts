import { base64url } from '../core/base64url.ts';
import type { Pass } from '../core/drain.ts';
import type { OriginId } from '../core/ids.ts';
import { keyOf } from '../core/rendezvous.ts';
import { standingOf } from '../core/snapshot.ts';
import type { HandOverWish, Resident, Unreachable } from '../ports.ts';
import { PoolView } from '../steps/view.ts';
import type { Edge, Pool } from '../visit.ts';
import { control } from './control.ts';
import type { Place } from './places.ts';

/** Sessions that one order to an origin names: they fit into a header. */
const perOrder = 100;
/** Sessions of one step: as many orders as may be under way at once. */
const perStep = 400;

export interface SweepStep extends Pass {
  readonly next: number | undefined;
}

/** An origin, seen from an edge that knows how its pool is now. */
export interface Leaving {
  readonly edge: Edge;
  readonly pool: Pool;
  readonly origin: OriginId;
  readonly view: PoolView;
}

/** The pool as the monitor has it now, or as this edge last heard. */
export async function leavingOf(edge: Edge, pool: Pool, origin: OriginId): Promise<Leaving> {
  return { ...(await seenNow(edge, pool)), origin };
}

/** With the origins that have registered themselves. */
export async function seenNow(edge: Edge, configured: Pool): Promise<Omit<Leaving, 'origin'>> {
  const held = await configured.snapshots.refresh(refreshPatienceMs);
  const pool = configured.membership.asOf(configured, held.snapshot);
  return { edge, pool, view: new PoolView(pool, held, edge.clock.now(), false) };
}

const refreshPatienceMs = 1_000;

/** The next few sessions of a shard that live on an origin: only counted, or moved as far as nothing is under way of them. */
export async function sweepStep(
  leaving: Leaving,
  { shard, at }: Place,
  what: 'count' | 'move',
): Promise<SweepStep | Unreachable> {
  const { pool, origin } = leaving;
  const step = await pool.desk.residents(shard, { origin, from: Number(at || 0), limit: perStep });
  if ('kind' in step) return step;
  const { found, next } = step;
  const moves = what === 'move' ? await movesOf(leaving, found) : [];
  const nonce = base64url(leaving.edge.chance.bytes(12));
  const moved = moves.length === 0 ? [] : await pool.desk.handOver(shard, { moves, nonce });
  if ('kind' in moved) return moved;
  const gone = new Set(moved);
  const left = found.filter(({ session }) => !gone.has(session));
  const withoutData = left.filter(({ version }) => version === 0).length;
  return { moved: gone.size, left: left.length, withoutData, next };
}

async function movesOf(leaving: Leaving, found: readonly Resident[]): Promise<HandOverWish['moves']> {
  const released = await releasedOf(leaving, found);
  return released.flatMap(({ session, epoch }) => {
    const home = leaving.view.place(keyOf(session), (origin) => origin !== leaving.origin);
    return home === undefined ? [] : [{ session, epoch, home }];
  });
}

/** Those of which nothing is under way: home says so, or it serves nobody, or has nothing of theirs. The kill switch keeps everybody where he is. */
async function releasedOf(leaving: Leaving, found: readonly Resident[]): Promise<readonly Resident[]> {
  const { pool, view, origin } = leaving;
  if (view.snapshot.routeOnly) return [];
  if (view.isSurelyAway(origin)) return found;
  if (!view.isDraining(origin)) return [];
  if (!isAsked(pool)) return found;
  return pool.config.session.contract ? letGoOf(leaving, found) : [];
}

/** Whether home has a copy of what is stored, which it must let go of first. */
export function isAsked({ config }: Pool): boolean {
  return config.session.mode !== 'external';
}

/** Those that home lets go of: nothing is under way of them, and their newest state is stored. */
export async function letGoOf(
  { edge, pool, origin }: Leaving,
  found: readonly Resident[],
): Promise<readonly Resident[]> {
  const orders = Array.from({ length: Math.ceil(found.length / perOrder) }, (_, at) =>
    found.slice(at * perOrder, (at + 1) * perOrder),
  );
  const answers = await Promise.all(orders.map((some) => control(edge, pool, origin, some)));
  const released = new Set(answers.flatMap((said) => [...(said?.released ?? [])]));
  return found.filter(({ session }) => released.has(session));
}

/** Origins of the pool that are being drained, by the snapshot at hand. */
export function drainingIn({ pool, view }: Pick<Leaving, 'pool' | 'view'>): readonly OriginId[] {
  return [...pool.origins.keys()].filter((origin) => standingOf(view.snapshot, origin).state === 'draining');
}
