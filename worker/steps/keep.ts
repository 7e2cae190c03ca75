import { isSafe, mayRepeat } from '../core/resend.ts';
import type { Row } from '../core/row.ts';
import { drawSessionId, drawSiblingId } from './draw.ts';
import { claimFor, intactBytes } from './move.ts';
import { retryAfter, sessionEnded, sessionMoved, stateTooLarge, storeUnreachable } from './refusals.ts';
import { sending } from './replay.ts';
import { limitsOf, seat as seated } from './seat.ts';
import { readReturned, type Refused, type Returned, type Said } from './returned.ts';
import { confirm } from './confirm.ts';
import type { PutSaid } from '../core/fence.ts';
import type { SubjectTag } from '../core/ids.ts';
import { noteLost, noteLostLater } from './lost.ts';
import type { Unreachable } from '../ports.ts';
import type { Delivery, Kept, KeptAnswer, Refusal, Seat, SessionSeat, Visit } from '../visit.ts';

/** The state that the origin gave us, stored as the durability says before the client sees the answer. */
export function keep(visit: Visit, { response, seat }: Delivery): Kept | Promise<Kept> {
  const returned = seat.kind === 'stateless' ? undefined : readReturned(response.headers);
  if (returned === undefined || seat.kind === 'stateless') return { kind: 'answer', response, seat, contract: 'none' };
  if (returned === 'malformed') {
    visit.edge.counters.add('contract_malformed');
    return { kind: 'answer', response, seat, contract: 'handed' };
  }
  const at = atItsEpoch(seat, returned);
  return noteLost(visit, at, keepReturned(visit, { response, returned, seat: at, subject: undefined }));
}

/** An origin that has claimed by itself, or whose copy is newer, serves under its own epoch. */
function atItsEpoch(seat: SessionSeat, { epoch }: Returned): SessionSeat {
  return epoch === undefined || epoch <= seat.epoch ? seat : { ...seat, epoch };
}

interface Handed {
  readonly response: Response;
  readonly returned: Returned;
  readonly seat: SessionSeat;
  readonly subject: SubjectTag | undefined;
}

async function keepReturned(visit: Visit, given: Handed): Promise<Kept> {
  const { said, subject } = given.returned;
  const handed = subject === undefined ? given : { ...given, subject: await visit.pool.keyring.subjectTag(subject) };
  switch (said.kind) {
    case 'nothing':
    case 'stored':
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

function answer({ response, seat }: { readonly response: Response; readonly seat: Seat }): KeptAnswer {
  return { kind: 'answer', response, seat, contract: 'handed' };
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

async function storeState(visit: Visit, handed: Handed, state: { version: number; bytes: Uint8Array<ArrayBuffer> }): Promise<PutSaid | Unreachable> {
  const { session } = handed.seat;
  const seal = await visit.pool.keyring.sealState(session, handed.seat.epoch, state.bytes);
  return visit.pool.shards.put(session, {
    ...putter(visit, handed, state.version),
    state: { bytes: state.bytes, seal, epoch: handed.seat.epoch },
  });
}

function putter(visit: Visit, { returned, seat, subject }: Handed, version: number) {
  const { home, epoch } = seat;
  return { home, epoch, instance: returned.instance, version, subject, assumed: { home, epoch }, limits: limitsOf(visit, seat) };
}

/** The table of what a put says, and what the client gets for it (docs/spec.md, KP). */
async function putSaid(visit: Visit, handed: Handed, said: PutSaid | Unreachable): Promise<Kept> {
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

function seatOf(seat: SessionSeat, { home, epoch }: Row): SessionSeat {
  return seated({ ...seat, home, epoch }, { kind: 'nothing' }, 'fenced', 'session_moved');
}

/** A safe request is sent again to the new home; an unsafe one was executed, and is told that its session change was not kept. */
function fenced(visit: Visit, now: SessionSeat): Kept {
  if (!isSafe(visit.request.method) || !mayRepeat(sending(visit))) return sessionMoved(now);
  return { kind: 'again', seat: now };
}

/** The session was ended meanwhile: the client goes on under an id that nobody has used. */
function ended(visit: Visit, seat: SessionSeat): Refusal {
  return { ...sessionEnded(), seat: afresh(visit, seat) };
}

function afresh(visit: Visit, seat: SessionSeat): SessionSeat {
  const startedS = Math.floor(visit.now / 1000);
  return { ...seat, session: drawSessionId(visit), epoch: 0, startedS, renewedS: startedS, carried: { kind: 'nothing' } };
}

function unstored(visit: Visit, handed: Handed): Kept {
  if (visit.pool.config.session.onStoreFailure === 'refuse') return storeUnreachable('executed', retryAfter(visit));
  return answer({ ...handed, seat: { ...handed.seat, outcome: 'unstored', reason: 'store_unreachable' } });
}

/** The origin's own PUT was refused: the same table. */
async function refusedByStore(visit: Visit, { seat }: Handed, how: Refused): Promise<Kept> {
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
    case 'too-large':
      return stateTooLarge(visit.pool.config.session.stateBytesMax);
    default:
      return how satisfies never;
  }
}

/** Logout. The same answer gives the client a new session id. */
async function keepEnd(visit: Visit, handed: Handed): Promise<Kept> {
  const { seat, returned } = handed;
  const wish = { home: seat.home, instance: returned.instance, endsAt: limitsOf(visit, seat).endsAt };
  const said = await visit.pool.shards.end(seat.session, wish);
  if (said.kind === 'unreachable') return storeUnreachable('executed', retryAfter(visit));
  return answer({ ...handed, seat: afresh(visit, seat) });
}

/** Login: same home, same state, a new id, and the old one is ended. */
async function keepRotation(visit: Visit, handed: Handed, { version, bytes }: Said & { kind: 'rotate' }): Promise<Kept> {
  if (bytes === undefined) return rotateStored(visit, handed, version);
  const { seat } = handed;
  const to = drawSiblingId(visit, seat.session);
  const state = { bytes, epoch: 1, seal: await visit.pool.keyring.sealState(to, 1, bytes) };
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

/** The origin has stored the state by itself, under the old id's seal: a claim hands it over, so that it can be sealed for the new id. */
async function rotateStored(visit: Visit, handed: Handed, version: number): Promise<Kept> {
  const { seat, returned } = handed;
  const said = await claimFor(visit, seat, seat.home, 'keep', returned.instance);
  if (said.kind === 'unreachable') return storeUnreachable('executed', retryAfter(visit));
  if (said.kind === 'ended') return ended(visit, seat);
  if (said.kind !== 'claimed') return fenced(visit, seatOf(seat, said.row));
  const bytes = await intactBytes(visit, seat.session, said.state);
  return keepRotation(visit, { ...handed, seat: { ...seat, epoch: said.row.epoch } }, { kind: 'rotate', version, bytes });
}
