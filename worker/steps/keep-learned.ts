import type { SessionId } from '../core/ids.ts';
import type { Kept, Visit } from '../visit.ts';
import { createdSession } from './created-key.ts';
import { renameState } from './keep-shared.ts';
import { answer, type Handed, putSaid, type State, storeState, takeOver } from './kept.ts';
import type { Said } from './returned.ts';
import { retryAfter, storeUnreachable } from './refusals.ts';
import { limitsOf } from './seat.ts';

/**
 * Where an application's own key names the session, the answer that makes the key also says under which id the state is looked for next time:
 * a first visit's, and a login's, which gives the client another key. Undefined where the session goes on under the id that it came with.
 */
export async function keepLearned(visit: Visit, handed: Handed): Promise<Kept | undefined> {
  const { seat, response, returned } = handed;
  const { said } = returned;
  if (
    seat.by !== 'learned-key' ||
    (said.kind !== 'state' && said.kind !== 'stored' && said.kind !== 'rotate')
  )
    return undefined;
  const next = await createdSession(visit, seat.session, response);
  if (next !== undefined) return keepUnder(visit, handed, said, next);
  // The client got no key by which it could come back for this state.
  return seat.carried.kind === 'new' ? answer(handed) : undefined;
}

async function keepUnder(
  visit: Visit,
  handed: Handed,
  said: Said & { kind: 'state' | 'stored' | 'rotate' },
  session: SessionId,
): Promise<Kept> {
  const { states } = visit.pool;
  if (states !== undefined) {
    const done = await renameState(visit, handed, states, session);
    return done === 'renamed' ? answer({ ...handed, seat: { ...handed.seat, session, epoch: 0 } }) : done;
  }
  const state = await stateOf(visit, handed, said);
  if ('kind' in state) return state;
  const moved = { ...handed, seat: { ...handed.seat, session, epoch: 0 } };
  const kept = await putSaid(visit, moved, await storeState(visit, moved, state));
  return said.kind === 'rotate' && kept.kind === 'answer' ? endOld(visit, handed, kept) : kept;
}

/** The bytes are in the answer, or the origin has put them under the id that it was sent. */
async function stateOf(
  visit: Visit,
  handed: Handed,
  said: Said & { kind: 'state' | 'stored' | 'rotate' },
): Promise<State | Kept> {
  if (said.kind !== 'stored' && said.bytes !== undefined) return { version: said.version, bytes: said.bytes };
  return takeOver(visit, handed);
}

/** Login: what the old key named is ended, once its state is safe under the new one. */
async function endOld(visit: Visit, { seat, returned }: Handed, kept: Kept): Promise<Kept> {
  if (seat.carried.kind === 'new') return kept;
  const wish = { home: seat.home, instance: returned.instance, endsAt: limitsOf(visit, seat).endsAt };
  const said = await visit.pool.shards.end(seat.session, wish);
  return said.kind === 'unreachable' ? storeUnreachable('executed', retryAfter(visit)) : kept;
}
