import { failures } from '../core/failure.ts';
import { mayRepeat, mayResend } from '../core/resend.ts';
import type { AttemptResult, Need } from './answer.ts';
import { attempt } from './attempt.ts';
import { blame } from './blame.ts';
import { hedged, isHedged, type Tried } from './hedge.ts';
import { mayRetry } from './retry.ts';
import { isRoomAt } from './room.ts';
import { draw, startOver } from './draw.ts';
import { claimFor, leave, moved } from './move.ts';
import { confirm } from './confirm.ts';
import { sending } from './replay.ts';
import {
  bodyGone,
  homeInDoubt,
  noOrigin,
  notResent,
  originFull,
  retriesSpent,
  retryAfter,
  routeOnly,
  stateOutOfReach,
  storeUnreachable,
} from './refusals.ts';
import { seat as seated } from './seat.ts';
import type { Delivery, Refusal, Seat, SessionSeat, Visit } from '../visit.ts';

/** Tries the candidates, best first; each attempt teaches health; a lost home moves, and the attempt after it carries the session's state. */
export async function forward(visit: Visit, first: Seat): Promise<Delivery | Refusal> {
  let seat = first;
  for (;;) {
    // It has registered itself since this request came, or is in the pool no more: the next request knows.
    if (!visit.pool.origins.has(seat.home)) return homeInDoubt(retryAfter(visit));
    if (visit.pool.passive.isFull(seat.home, visit.edge.clock.now()) && !(await isRoomAt(visit, seat.home)))
      return originFull(seat.home);
    const tried: Tried = isHedged(visit, seat)
      ? await hedged(visit, seat)
      : { seat, result: await attempt(visit, seat) };
    const { result } = tried;
    if (result.kind === 'answer') return { kind: 'delivery', response: result.response, seat: tried.seat };
    const next = await nextSeat(visit, tried.seat, result);
    if (next.kind === 'refusal') return next;
    seat = next;
  }
}

/** Goes on from an attempt that has failed already. */
export async function forwardAfter(
  visit: Visit,
  seat: Seat,
  result: Exclude<AttemptResult, { kind: 'answer' }>,
): Promise<Delivery | Refusal> {
  const next = await nextSeat(visit, seat, result);
  return next.kind === 'refusal' ? next : forward(visit, next);
}

async function nextSeat(
  visit: Visit,
  seat: Seat,
  result: Exclude<AttemptResult, { kind: 'answer' }>,
): Promise<Seat | Refusal> {
  const { attempts, max } = { attempts: visit.trail.attempts, max: visit.pool.config.attempts.max };
  if (result.kind === 'need') {
    if (result.need === 'store') return stateOutOfReach(retryAfter(visit));
    if (!mayRepeat(sending(visit))) return bodyGone(seat.home);
    return attempts < max && seat.kind === 'session' ? answerNeed(visit, seat, result.need) : noOrigin(visit);
  }
  const verdict = await blame(visit, seat, result.failure);
  if (!mayResend(sending(visit), result.failure)) return notResent(result.failure, seat.home);
  if (attempts >= max || outOfTime(visit)) return noOrigin(visit);
  // A move away from an origin that is gone is no retry: it adds nothing to the load of one that lives.
  if (verdict !== 'away' && !mayRetry(visit)) return retriesSpent(seat.home);
  if (seat.kind === 'stateless' || seat.carried.kind === 'new') {
    // Nobody has this id yet, and the failed attempt may have used it: another one is drawn rather than claimed.
    const isKeyless = seat.kind === 'stateless' || seat.by === 'learned-key';
    return draw(visit, isKeyless ? { kind: 'stateless' } : { kind: 'new', reason: seat.reason });
  }
  if (verdict === 'try again') return { ...seat, carried: { kind: 'nothing' } };
  return leave(visit, seat, failures[result.failure].left);
}

function outOfTime(visit: Visit): boolean {
  return visit.edge.clock.now() - visit.now >= visit.pool.config.attempts.deadlineMs;
}

/** The origin has not run the application: it lacks something that the map has. */
async function answerNeed(
  visit: Visit,
  seat: SessionSeat,
  need: Exclude<Need, 'store'>,
): Promise<Seat | Refusal> {
  switch (need) {
    case 'session':
      return startOver(visit, seat);
    case 'row':
      return confirm(visit, seat, 'claimed_elsewhere');
    case 'state':
      return claimHere(visit, seat);
    default:
      return need satisfies never;
  }
}

async function claimHere(visit: Visit, seat: SessionSeat): Promise<Seat | Refusal> {
  if (visit.view.snapshot.routeOnly) return routeOnly(retryAfter(visit));
  const said = await claimFor(visit, seat, seat.home, 'keep');
  switch (said.kind) {
    case 'claimed':
      return moved(visit, seat, seat.home, said, seat.reason);
    case 'ended':
      return startOver(visit, seat);
    case 'unreachable':
      return storeUnreachable('not executed', retryAfter(visit));
    case 'row':
    case 'uncopied':
      return seated(
        { ...seat, home: said.row.home, epoch: said.row.epoch },
        { kind: 'nothing' },
        'moved',
        'claimed_elsewhere',
      );
    default:
      return said satisfies never;
  }
}
