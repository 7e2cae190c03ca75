import type { IRequest } from 'itty-router';
import { base64url } from '../core/base64url.ts';
import { type OriginId, originId } from '../core/ids.ts';
import type { Resident, Unreachable } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { json } from './json.ts';
import { namedOrigin } from './named-origin.ts';
import { cursorOf, pagesFrom, type Place, unanswered } from './places.ts';
import { isAsked, type Leaving, leavingOf, letGoOf } from './sweep.ts';

const stepsMax = 24;
const movesMax = 400;

/** `POST /origins/:id/move` `{ to, count, cursor? }`: so many of its idle sessions at most, with their data, to another origin. Ends without a cursor. */
export async function moveSome(request: IRequest, edge: Edge): Promise<Response> {
  const named = await namedOrigin(request, edge);
  if (named instanceof Response) return named;
  const { pool, origin, body } = named;
  const { to, count } = body;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1 || count > movesMax)
    return refusal(
      400,
      'malformed',
      `count: wanted a whole number from 1 to ${movesMax}, found ${JSON.stringify(count)}.`,
    );
  const target = originId(typeof to === 'string' ? to : '');
  const leaving = await leavingOf(edge, pool, origin);
  const refused = refusedMove(leaving, target);
  if (refused !== undefined) return refused;
  const places = pagesFrom([pool], typeof body.cursor === 'string' ? body.cursor : undefined);
  if (places instanceof Response) return places;
  const moved = await moveFrom(leaving, target, places, count);
  return moved instanceof Response ? moved : json({ pool: pool.name, origin, to: target, ...moved });
}

/** Only between origins that serve, and only what is stored: nobody needs this move. */
function refusedMove({ pool, origin, view }: Leaving, target: OriginId): Response | undefined {
  if (view.snapshot.routeOnly === true)
    return refusal(409, 'route_only', "By the operator's order nothing moves now.");
  if (!isStoredSomewhere(pool))
    return refusal(
      409,
      'not_stored',
      `Sessions of pool ${pool.name} are in their origins' memory only: a move would lose them.`,
    );
  if (!view.usable(origin) || view.isDraining(origin))
    return refusal(409, 'origin_not_up', `Origin ${origin} does not serve its sessions as usual now.`);
  const isOpen = target !== origin && view.place(0, (one) => one === target) === target;
  const wanted = `to: wanted another origin of pool ${pool.name} that takes new sessions, found ${JSON.stringify(target)}.`;
  return isOpen ? undefined : refusal(409, 'not_open', wanted);
}

function isStoredSomewhere({ config }: Pool): boolean {
  return config.session.mode === 'external' || (config.session.contract && config.session.mode !== 'local');
}

interface Moved {
  readonly moved: number;
  readonly cursor: string | undefined;
}

async function moveFrom(
  leaving: Leaving,
  to: OriginId,
  places: readonly Place[],
  count: number,
): Promise<Moved | Response> {
  let moved = 0;
  let steps = 0;
  for (const first of places) {
    for (let place: Place | undefined = first; place !== undefined; ) {
      if (moved >= count || steps >= stepsMax) return { moved, cursor: cursorOf(place, place.at) };
      steps += 1;
      const step: { moved: number; next: Place | undefined } | Unreachable = await moveStep(
        leaving,
        to,
        place,
        count - moved,
      );
      if ('kind' in step) return unanswered(place, step.why);
      moved += step.moved;
      place = step.next;
    }
  }
  return { moved, cursor: undefined };
}

/** Those of one step, a few at a time until there are enough: whoever is not moved is not asked to let go either. */
async function moveStep(
  leaving: Leaving,
  to: OriginId,
  place: Place,
  count: number,
): Promise<{ moved: number; next: Place | undefined } | Unreachable> {
  const { pool, origin, edge } = leaving;
  const step = await pool.desk.residents(place.shard, {
    origin,
    from: Number(place.at || 0),
    limit: movesMax,
  });
  if ('kind' in step) return step;
  const waiting = isAsked(pool) ? step.found.filter(({ version }) => version > 0) : [...step.found];
  let moved = 0;
  while (waiting.length > 0) {
    if (moved >= count) return { moved, next: place };
    const some: readonly Resident[] = waiting.splice(0, count - moved);
    const released = isAsked(pool) ? await letGoOf(leaving, some) : some;
    if (released.length === 0) continue;
    const moves = released.map(({ session, epoch }) => ({ session, epoch, home: to }));
    const nonce = base64url(edge.chance.bytes(12));
    const gone = await pool.desk.handOver(place.shard, { moves, nonce });
    if ('kind' in gone) return gone;
    moved += gone.length;
  }
  return { moved, next: step.next === undefined ? undefined : { ...place, at: `${step.next}` } };
}
