import type { Put } from '../core/fence.ts';
import type { SubjectTag } from '../core/ids.ts';
import { isSafe, mayRepeat } from '../core/resend.ts';
import type { Row } from '../core/row.ts';
import type { Kept, KeptAnswer, Refusal, Seat, SessionSeat, Visit } from '../visit.ts';
import { drawSessionId } from './draw.ts';
import { retryAfter, sessionEnded, sessionMoved, storeUnreachable } from './refusals.ts';
import { sending } from './replay.ts';
import type { Returned } from './returned.ts';
import { limitsOf, seat as seated } from './seat.ts';

/** An answer that says something of its session, and where it was given. */
export interface Handed {
  readonly response: Response;
  readonly returned: Returned;
  readonly seat: SessionSeat;
  readonly subject: SubjectTag | undefined;
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
