import type { Kept, Visit } from '../visit.ts';
import { drawSiblingId } from './draw.ts';
import { afresh, answer, ended, fenced, type Handed, putter, seatOf, takeOver } from './kept.ts';
import { retryAfter, storeUnreachable } from './refusals.ts';
import type { Said } from './returned.ts';
import { sealed } from './sealed-state.ts';
import { limitsOf } from './seat.ts';

/** Logout. The same answer gives the client a new session id. */
export async function keepEnd(visit: Visit, handed: Handed): Promise<Kept> {
  const { seat, returned } = handed;
  const wish = { home: seat.home, instance: returned.instance, endsAt: limitsOf(visit, seat).endsAt };
  const said = await visit.pool.shards.end(seat.session, wish);
  if (said.kind === 'unreachable') return storeUnreachable('executed', retryAfter(visit));
  return answer({ ...handed, seat: afresh(visit, seat) });
}

/** Login: same home, same state, a new id, and the old one is ended. */
export async function keepRotation(
  visit: Visit,
  handed: Handed,
  { version, bytes }: Said & { kind: 'rotate' },
): Promise<Kept> {
  if (bytes === undefined) return rotateStored(visit, handed);
  const { seat } = handed;
  const to = drawSiblingId(visit, seat.session);
  const state = await sealed(visit.pool.keyring, to, 1, bytes);
  const said = await visit.pool.shards.rotate(seat.session, { ...putter(visit, handed, version), to, state });
  switch (said.kind) {
    case 'rotated':
      return answer({ ...handed, seat: { ...seat, session: to, epoch: said.row.epoch } });
    case 'fenced':
      return fenced(visit, seatOf(seat, said.row));
    case 'ended':
      return ended(visit, seat);
    case 'unreachable':
      return storeUnreachable('executed', retryAfter(visit));
    default:
      return said satisfies never;
  }
}

/** The origin has stored the state by itself, under the old id's seal. */
async function rotateStored(visit: Visit, handed: Handed): Promise<Kept> {
  const taken = await takeOver(visit, handed);
  if ('kind' in taken) return taken;
  const { version, bytes, epoch } = taken;
  return keepRotation(
    visit,
    { ...handed, seat: { ...handed.seat, epoch } },
    { kind: 'rotate', version, bytes },
  );
}
