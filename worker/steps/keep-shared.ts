import { base64url } from '../core/base64url.ts';
import { noInstance, type SessionId } from '../core/ids.ts';
import { isSafe, mayRepeat } from '../core/resend.ts';
import { nothing } from '../core/swap.ts';
import type { StateStore } from '../ports.ts';
import type { Kept, Visit } from '../visit.ts';
import { drawSiblingId } from './draw.ts';
import { afresh, answer, ended, type Handed } from './kept.ts';
import { retryAfter, stateChanged, stateMisplaced, storeUnreachable } from './refusals.ts';
import { sending } from './replay.ts';
import { sealed, unsealed } from './sealed-state.ts';
import { limitsOf } from './seat.ts';

/**
 * What an answer says of a session whose state the origins share (`external` mode): the state is in the store already, and the fence has no part in it.
 * Undefined where it is kept like any other.
 */
export async function keepShared(
  visit: Visit,
  handed: Handed,
  states: StateStore,
): Promise<Kept | undefined> {
  const { said } = handed.returned;
  switch (said.kind) {
    case 'state':
      return stateMisplaced();
    case 'end':
      return endShared(visit, handed, states);
    case 'rotate':
      return handed.seat.by === 'cookie' ? rotateShared(visit, handed, states) : undefined;
    case 'unstored':
      return answer({
        ...handed,
        seat: { ...handed.seat, outcome: 'unstored', reason: 'store_unreachable' },
      });
    case 'nothing':
    case 'stored':
    case 'refused':
      return undefined;
    default:
      return said satisfies never;
  }
}

/** Another request of the session has written in between: a safe one is done again on what it wrote. */
export function changedMeanwhile(visit: Visit, { seat }: Handed): Kept {
  if (!isSafe(visit.request.method) || !mayRepeat(sending(visit))) return stateChanged(seat);
  return { kind: 'again', seat: { ...seat, carried: { kind: 'nothing' } } };
}

async function endShared(visit: Visit, handed: Handed, states: StateStore): Promise<Kept> {
  const done = await endBoth(visit, handed, states, handed.seat.session);
  return done === 'unreachable'
    ? storeUnreachable('executed', retryAfter(visit))
    : answer({ ...handed, seat: afresh(visit, handed.seat) });
}

/** In the store and on the map. Nobody's memory is in doubt, so no incarnation need rise. */
async function endBoth(
  visit: Visit,
  { seat }: Handed,
  states: StateStore,
  session: SessionId,
): Promise<'ended' | 'unreachable'> {
  const { home, epoch } = seat;
  const limits = limitsOf(visit, seat);
  const wish = { expected: undefined, nonce: '', assumed: { home, epoch }, limits };
  const inStore = await states.end(session, wish);
  const onMap = await visit.pool.shards.end(session, { home, instance: noInstance, endsAt: limits.endsAt });
  return inStore.kind === 'unreachable' || onMap.kind === 'unreachable' ? 'unreachable' : 'ended';
}

async function rotateShared(visit: Visit, handed: Handed, states: StateStore): Promise<Kept> {
  const { seat } = handed;
  const to = drawSiblingId(visit, seat.session);
  const done = await renameState(visit, handed, states, to);
  if (done !== 'renamed') return done;
  const { home } = seat;
  const { endsAt } = limitsOf(visit, seat);
  const onMap = await visit.pool.shards.end(seat.session, { home, instance: noInstance, endsAt });
  return onMap.kind === 'unreachable'
    ? storeUnreachable('executed', retryAfter(visit))
    : answer({ ...handed, seat: { ...seat, session: to } });
}

/** Rounds in which somebody else may write the old id's state while it is brought to the new one. */
const roundsMax = 4;

/**
 * The state goes on under another id: written there first, then the old id is ended, if nobody has written it meanwhile. Whatever fails in between, the
 * old id still has it.
 */
export async function renameState(
  visit: Visit,
  { seat }: Handed,
  states: StateStore,
  to: SessionId,
): Promise<'renamed' | Kept> {
  const { keyring } = visit.pool;
  const { session, home, epoch } = seat;
  const [assumed, limits] = [{ home, epoch }, limitsOf(visit, seat)];
  const there = await states.get(to);
  let expected = there.kind === 'held' ? there.stamp : nothing;
  for (let round = 0; round < roundsMax; round++) {
    const held = await states.get(session);
    if (held.kind === 'ended') return ended(visit, seat);
    if (held.kind === 'unreachable') break;
    const nonce = base64url(visit.edge.chance.bytes(12));
    const bytes = held.state && (await unsealed(keyring, session, held.state));
    if (bytes !== undefined) {
      const state = await sealed(keyring, to, epoch, bytes);
      const put = await states.put(to, { expected, nonce, state, assumed, limits });
      if (put.kind !== 'stored') break;
      expected = put.stamp;
    }
    const said = await states.end(session, { expected: held.stamp, nonce, assumed, limits });
    if (said.kind === 'ended') return 'renamed';
    if (said.kind === 'unreachable') break;
  }
  return storeUnreachable('executed', retryAfter(visit));
}
