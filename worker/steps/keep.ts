import type { SubjectTag } from '../core/ids.ts';
import type { Delivery, Kept, SessionSeat, Visit } from '../visit.ts';
import { confirm } from './confirm.ts';
import { keepEnd, keepRotation } from './keep-login.ts';
import { keepLearned } from './keep-learned.ts';
import { changedMeanwhile, keepShared } from './keep-shared.ts';
import { handOff } from './hand-off.ts';
import { keepNothing } from './route-only.ts';
import { askToDrain } from './ask-to-drain.ts';
import { answer, ended, fenced, type Handed, putSaid, putter, storeState } from './kept.ts';
import { noteLost, noteLostLater } from './lost.ts';
import { retryAfter, stateTooLarge, storeUnreachable } from './refusals.ts';
import { readReturned, type Refused, type Returned, type Said } from './returned.ts';

/** The state that the origin gave us, stored as the durability says before the client sees the answer. */
export function keep(visit: Visit, { response, seat }: Delivery): Kept | Promise<Kept> {
  const returned = seat.kind === 'stateless' ? undefined : readReturned(response.headers);
  if (returned === undefined || seat.kind === 'stateless')
    return { kind: 'answer', response, seat, contract: 'none' };
  // Where the pool does not speak the contract, its origins prove nothing by it: their users may have chosen these headers.
  if (!visit.pool.config.session.contract) return { kind: 'answer', response, seat, contract: 'handed' };
  if (returned === 'malformed') {
    visit.edge.counters.add('contract_malformed');
    return { kind: 'answer', response, seat, contract: 'handed' };
  }
  const at = atItsEpoch(seat, returned);
  if (returned.drain === 'asked') askToDrain(visit, at.home);
  if (visit.view.snapshot.routeOnly)
    return keepNothing(visit, { response, returned, seat: at, subject: undefined });
  const kept = noteLost(visit, at, keepReturned(visit, { response, returned, seat: at, subject: undefined }));
  return returned.released === 'yes' ? handOffAfter(visit, kept, at) : kept;
}

async function handOffAfter(visit: Visit, keeping: Promise<Kept>, at: SessionSeat): Promise<Kept> {
  const kept = await keeping;
  return kept.kind === 'answer' ? handOff(visit, kept, at) : kept;
}

/** An origin that has claimed by itself, or whose copy is newer, serves under its own epoch. */
function atItsEpoch(seat: SessionSeat, { epoch }: Returned): SessionSeat {
  return epoch === undefined || epoch <= seat.epoch ? seat : { ...seat, epoch };
}

async function keepReturned(visit: Visit, given: Handed): Promise<Kept> {
  const { said, subject } = given.returned;
  const handed =
    subject === undefined ? given : { ...given, subject: await visit.pool.keyring.subjectTag(subject) };
  const { states } = visit.pool;
  const shared = states && (await keepShared(visit, handed, states));
  if (shared !== undefined) return shared;
  const learned = await keepLearned(visit, handed);
  if (learned !== undefined) return learned;
  switch (said.kind) {
    case 'nothing':
    case 'stored':
    case 'unstored':
      return handed.subject === undefined ? answer(handed) : keepSubject(visit, handed, handed.subject);
    case 'state':
      return keepState(visit, handed, said);
    case 'refused':
      return refusedByStore(visit, handed, said.how);
    case 'end':
      return keepEnd(visit, handed);
    case 'rotate':
      return keepRotation(visit, handed, said);
    default:
      return said satisfies never;
  }
}

async function keepState(visit: Visit, handed: Handed, state: Said & { kind: 'state' }): Promise<Kept> {
  const { stateBytesMax } = visit.pool.config.session;
  if (state.bytes.length > stateBytesMax) return stateTooLarge(stateBytesMax);
  const stored = storeState(visit, handed, state);
  if (visit.pool.config.session.durability === 'async') {
    visit.waitUntil(noteLostLater(visit, handed.seat, stored));
    return answer(handed);
  }
  return putSaid(visit, handed, await stored);
}

/** The session is somebody's now, and its state is what it was. */
async function keepSubject(visit: Visit, handed: Handed, subject: SubjectTag): Promise<Kept> {
  const { version: _version, ...place } = putter(visit, handed, 0);
  const labelled = visit.pool.shards.label(handed.seat.session, { ...place, subject });
  if (visit.pool.config.session.durability === 'async') {
    visit.waitUntil(labelled.then(({ kind }) => visit.edge.counters.add(`label_async.${kind}`)));
    return answer(handed);
  }
  return putSaid(visit, handed, await labelled);
}

/** The origin's own PUT was refused: the same table. */
async function refusedByStore(visit: Visit, handed: Handed, how: Refused): Promise<Kept> {
  const { seat } = handed;
  visit.edge.counters.add(`put_by_origin.${how}`);
  switch (how) {
    case 'moved': {
      const now = await confirm(visit, seat, 'session_moved');
      return now.kind === 'session' ? fenced(visit, now) : storeUnreachable('executed', retryAfter(visit));
    }
    case 'ended':
      return ended(visit, seat);
    case 'unreachable':
      return storeUnreachable('executed', retryAfter(visit));
    case 'changed':
      return changedMeanwhile(visit, handed);
    case 'too-large':
      return stateTooLarge(visit.pool.config.session.stateBytesMax);
    default:
      return how satisfies never;
  }
}
