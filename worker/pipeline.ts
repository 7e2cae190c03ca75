import { decide } from './core/decide.ts';
import type { Identity } from './core/identity.ts';
import { type AttemptResult, discard } from './steps/answer.ts';
import { attempt } from './steps/attempt.ts';
import { atBackup, belongsToBackup } from './steps/backup.ts';
import { fallBack, type FinalAnswer, keepForFallback } from './steps/fall-back.ts';
import { forward, forwardAfter } from './steps/forward.ts';
import { identify } from './steps/identify.ts';
import { keep } from './steps/keep.ts';
import { land } from './steps/flight.ts';
import { learns } from './steps/created-key.ts';
import { learn } from './steps/learn.ts';
import { record } from './steps/record.ts';
import { sessionMoved } from './steps/refusals.ts';
import { isRenewalDue, notDue, renew, type Renewed } from './steps/renew.ts';
import { keepBody } from './steps/replay.ts';
import { seat } from './steps/seat.ts';
import { settle } from './steps/settle.ts';
import { stick, untouched } from './steps/stick.ts';
import { steadyReason } from './steps/view.ts';
import type { Delivery, KeptAnswer, Refusal, Seat, Visit } from './visit.ts';

/** The life of a request, from the moment when its pool is known (docs/request.md). */
export function serve(visit: Visit): Promise<Response> {
  const identity = identify(visit); // who is this?
  if (identity instanceof Promise) return identity.then((known) => deliberate(visit, known));
  return isSteady(visit, identity) ? serveSteady(visit, identity) : deliberate(visit, identity);
}

/** Every other request: it may have to ask the map, to move, to store, or to set a cookie. */
async function deliberate(visit: Visit, identity: Identity): Promise<Response> {
  const backup = await atBackup(visit, identity);
  if (backup !== undefined) {
    const there = await identify(backup);
    if (belongsToBackup(visit, backup, there)) return deliberate(backup, there);
  }
  const { response, outcome, reason } = await answer(visit, identity);
  record(visit, outcome, reason);
  return response;
}

async function answer(visit: Visit, identity: Identity): Promise<FinalAnswer> {
  await keepBody(visit);
  const decision = decide(identity, visit.view); // where may it go, best first? (pure)
  const settled = await settle(visit, identity, decision); // does the map agree? (usually no question to ask)
  if (settled.kind === 'refusal') return fallBack(visit, land(visit, settled));
  const renewed = isRenewalDue(visit, identity) ? renew(visit, identity) : notDue; // asked while the origin works
  return conclude(visit, identity, await forward(visit, settled), renewed);
}

async function conclude(
  visit: Visit,
  identity: Identity,
  delivered: Delivery | Refusal,
  renewed: Renewed | Promise<Renewed>,
): Promise<FinalAnswer> {
  const kept = delivered.kind === 'refusal' ? delivered : await keepUntilSettled(visit, delivered); // the state that the origin gave us
  if (visit.trail.flights.length > 0) land(visit, kept);
  if (kept.kind === 'refusal') return fallBack(visit, kept);
  if (learns(visit) && !visit.view.snapshot.routeOnly) await learn(visit, kept.seat, kept.response);
  keepForFallback(visit, kept.response);
  const response = await stick(visit, identity, kept, await renewed); // tell the client where home is now
  return { response, outcome: kept.seat.outcome, reason: kept.seat.reason };
}

/** How often one request follows a session that moves under it. */
const followsMax = 3;

/** A fenced answer to a safe request is sent again to where the session is now. */
async function keepUntilSettled(visit: Visit, first: Delivery): Promise<KeptAnswer | Refusal> {
  let delivery: Delivery = first;
  for (let follows = 0; ; follows++) {
    const kept = await keep(visit, delivery);
    if (kept.kind === 'answer') return kept;
    visit.waitUntil(discard(delivery.response));
    if (kept.kind === 'refusal') return kept;
    if (follows >= followsMax) return sessionMoved(kept.seat);
    const delivered = await forward(visit, kept.seat);
    if (delivered.kind === 'refusal') return delivered;
    delivery = delivered;
  }
}

/** The steady state: a cookie verified before, a usable home of the same incarnation, and nothing due. Nobody is asked. */
function isSteady(visit: Visit, identity: Identity): identity is Identity & { kind: 'known' } {
  return (
    identity.kind === 'known' &&
    visit.request.body === null &&
    decide(identity, visit.view).kind === 'steady' &&
    !isRenewalDue(visit, identity) &&
    !visit.pool.passive.isFull(identity.home, visit.now)
  );
}

function serveSteady(visit: Visit, identity: Identity & { kind: 'known' }): Promise<Response> {
  const at = seat({ ...identity, by: 'cookie' }, { kind: 'nothing' }, 'kept', steadyReason(visit));
  return attempt(visit, at).then((result) => concludeSteady(visit, identity, at, result));
}

function concludeSteady(
  visit: Visit,
  identity: Identity,
  at: Seat,
  result: AttemptResult,
): Response | Promise<Response> {
  if (result.kind === 'answer' && untouched(visit, result.response)) {
    keepForFallback(visit, result.response);
    record(visit, at.outcome, at.reason);
    return result.response;
  }
  const delivered =
    result.kind === 'answer'
      ? { kind: 'delivery' as const, response: result.response, seat: at }
      : forwardAfter(visit, at, result);
  return concludeLate(visit, identity, delivered);
}

async function concludeLate(
  visit: Visit,
  identity: Identity,
  delivered: Delivery | Promise<Delivery | Refusal>,
): Promise<Response> {
  const { response, outcome, reason } = await conclude(visit, identity, await delivered, notDue);
  record(visit, outcome, reason);
  return response;
}
