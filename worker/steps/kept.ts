import type { Put, PutSaid } from '../core/fence.ts';
import type { SubjectTag } from '../core/ids.ts';
import { isSafe, mayRepeat } from '../core/resend.ts';
import type { Row } from '../core/row.ts';
import type { Kept, KeptAnswer, Refusal, Seat, SessionSeat, Visit } from '../visit.ts';
import type { Unreachable } from '../ports.ts';
import { drawSessionId } from './draw.ts';
import { claimFor, intactBytes } from './move.ts';
import { retryAfter, sessionEnded, sessionMoved, storeUnreachable } from './refusals.ts';
import { sending } from './replay.ts';
import type { Returned } from './returned.ts';
import { sealed } from './sealed-state.ts';
import { limitsOf, seat as seated } from './seat.ts';

/** An answer that says something of its session, and where it was given. */
export interface Handed {
  readonly response: Response;
  readonly returned: Returned;
  readonly seat: SessionSeat;
  readonly subject: SubjectTag | undefined;
}

export interface State {
  readonly version: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The answer goes out, without its contract headers. */
export function answer({ response, seat }: { readonly response: Response; readonly seat: Seat }): KeptAnswer {
  return { kind: 'answer', response, seat, contract: 'handed' };
}

/** The part of a put that is the same whatever is stored. */
export function putter(visit: Visit, { returned, seat, subject }: Handed, version: number): Put {
  const { home, epoch } = seat;
  return {
    home,
    epoch,
    instance: returned.instance,
    version,
    subject,
    assumed: { home, epoch },
    limits: limitsOf(visit, seat),
  };
}

/** Where the row says that the session is now. */
export function seatOf(seat: SessionSeat, { home, epoch }: Row): SessionSeat {
  return seated({ ...seat, home, epoch }, { kind: 'nothing' }, 'fenced', 'session_moved');
}

/** A safe request is sent again to the new home; an unsafe one was executed, and is told that its session change was not kept. */
export function fenced(visit: Visit, now: SessionSeat): Kept {
  if (!isSafe(visit.request.method) || !mayRepeat(sending(visit))) return sessionMoved(now);
  return { kind: 'again', seat: now };
}

/** The session was ended meanwhile: the client goes on under an id that nobody has used. */
export function ended(visit: Visit, seat: SessionSeat): Refusal {
  return { ...sessionEnded(), seat: afresh(visit, seat) };
}

/** The same client under an id that nobody has used. */
export function afresh(visit: Visit, seat: SessionSeat): SessionSeat {
  const startedS = Math.floor(visit.now / 1000);
  return {
    ...seat,
    session: drawSessionId(visit),
    epoch: 0,
    startedS,
    renewedS: startedS,
    carried: { kind: 'nothing' },
  };
}

/** The store is away: refused, or served without the promise, as the operator wants it. */
export function unstored(visit: Visit, handed: Handed): Kept {
  if (visit.pool.config.session.onStoreFailure === 'refuse')
    return storeUnreachable('executed', retryAfter(visit));
  return answer({ ...handed, seat: { ...handed.seat, outcome: 'unstored', reason: 'store_unreachable' } });
}

/** Packs it, seals it for its session and epoch, and puts it. */
export async function storeState(visit: Visit, handed: Handed, state: State): Promise<PutSaid | Unreachable> {
  const { session, epoch } = handed.seat;
  return visit.pool.shards.put(session, {
    ...putter(visit, handed, state.version),
    state: await sealed(visit.pool.keyring, session, epoch, state.bytes),
  });
}

/** The table of what a put says, and what the client gets for it (docs/spec.md, KP). */
export async function putSaid(visit: Visit, handed: Handed, said: PutSaid | Unreachable): Promise<Kept> {
  visit.edge.counters.add(`put.${said.kind}`);
  switch (said.kind) {
    case 'stored':
    case 'superseded':
      return answer(handed);
    case 'fenced':
      return fenced(visit, seatOf(handed.seat, said.row));
    case 'ended':
      return ended(visit, handed.seat);
    case 'unreachable':
      return unstored(visit, handed);
    default:
      return said satisfies never;
  }
}

/** A state that the origin has put by itself: a claim hands it over, so that it can be sealed for another id. */
export async function takeOver(
  visit: Visit,
  { seat, returned }: Handed,
): Promise<(State & { readonly epoch: number }) | Kept> {
  const said = await claimFor(visit, seat, seat.home, 'keep', returned.instance);
  if (said.kind === 'unreachable') return storeUnreachable('executed', retryAfter(visit));
  if (said.kind === 'ended') return ended(visit, seat);
  if (said.kind !== 'claimed') return fenced(visit, seatOf(seat, said.row));
  const bytes = await intactBytes(visit, seat.session, said.state);
  return { version: said.row.version, bytes, epoch: said.row.epoch };
}
