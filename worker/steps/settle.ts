import type { Decision } from '../core/decide.ts';
import type { Identity } from '../core/identity.ts';
import type { OriginId, SessionId } from '../core/ids.ts';
import type { Reason } from '../core/outcome.ts';
import { confirm, seatAt } from './confirm.ts';
import { drill } from './drill.ts';
import { draw } from './draw.ts';
import { leave, nextHome } from './move.ts';
import { noOrigin } from './refusals.ts';
import type { Whereabouts } from './seat.ts';
import { incarnationOf, steadyReason } from './view.ts';
import type { Refusal, Seat, Visit } from '../visit.ts';

/** Does the map agree? In the steady state there is no question to ask. */
export async function settle(visit: Visit, identity: Identity, decision: Decision): Promise<Seat | Refusal> {
  switch (identity.kind) {
    case 'new':
    case 'stateless':
      return draw(visit, identity);
    case 'known':
      return settleKnown(visit, { ...identity, by: 'cookie' }, decision);
    case 'keyed':
      return settleKeyed(visit, identity);
    default:
      return identity satisfies never;
  }
}

async function settleKnown(visit: Visit, at: Whereabouts, decision: Decision): Promise<Seat | Refusal> {
  if (decision.kind === 'leave' && decision.why === 'drill') return drill(visit, at);
  if (decision.kind === 'leave') return leave(visit, at, decision.why);
  if (decision.kind === 'release') return release(visit, at, decision.why);
  if (decision.kind === 'steady') return seatAt(visit, at, steadyReason(visit));
  return confirm(visit, at, decision.kind === 'confirm' ? decision.why : 'map_confirms');
}

/** Home is being drained. What the origins keep in a store of their own moves at once, if there is anywhere to go. */
function release(visit: Visit, at: Whereabouts, why: Reason): Promise<Seat | Refusal> | Seat {
  const isOutside = visit.pool.config.session.mode === 'external';
  return isOutside && nextHome(visit, at) !== undefined ? leave(visit, at, why) : seatAt(visit, at, why);
}

/** A learned key: remembered for a few seconds under the home's incarnation, otherwise the map's word, otherwise its place by hash. */
async function settleKeyed(visit: Visit, key: Identity & { kind: 'keyed' }): Promise<Seat | Refusal> {
  const startedS = Math.floor(visit.now / 1000);
  const remembered = visit.pool.learned.peek(key.session);
  const here = { session: key.session, by: 'learned-key', startedS, renewedS: startedS } as const;
  if (remembered !== undefined && remembered.until > visit.now && isCurrent(visit, key.session, remembered)) {
    return seatAt(visit, { ...here, home: remembered.home, epoch: remembered.epoch }, 'home_usable');
  }
  const home = visit.view.place(key.placeKey);
  if (home === undefined) return noOrigin(visit);
  return confirm(visit, { ...here, home, epoch: 0 }, 'map_names_home');
}

function isCurrent(
  visit: Visit,
  session: SessionId,
  { home, incarnation }: { home: OriginId; incarnation: number },
): boolean {
  if (visit.view.drilled(session, home)) return false;
  return visit.view.usable(home) && incarnationOf(visit, home) === incarnation;
}
