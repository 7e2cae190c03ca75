import { leftBecause } from '../core/decide.ts';
import type { OriginId } from '../core/ids.ts';
import type { Reason } from '../core/outcome.ts';
import type { Row } from '../core/row.ts';
import { startOver } from './draw.ts';
import { drill } from './drill.ts';
import { leave } from './move.ts';
import { limitsOf, seat, type Whereabouts } from './seat.ts';
import { incarnationOf } from './view.ts';
import type { Refusal, Seat, Visit } from '../visit.ts';

/** Asks the shard where the session lives. No row is a row: what the cookie says. */
export async function confirm(visit: Visit, at: Whereabouts, why: Reason): Promise<Seat | Refusal> {
  const slot = await visit.pool.shards.locate(at.session);
  switch (slot.kind) {
    case 'ended':
      return startOver(visit, at);
    case 'unreachable':
      // The signed cookie routes by itself; a write under a past epoch is fenced when the shard is back.
      return seatAt(visit, at, visit.view.trust === 'stale' ? 'stale_snapshot' : 'store_unreachable');
    case 'none':
      return arrive(visit, at, why);
    case 'row':
      if (at.by === 'learned-key') visit.waitUntil(prolong(visit, at, slot.row));
      return arrive(visit, { ...at, home: slot.row.home, epoch: slot.row.epoch }, why);
    default:
      return slot satisfies never;
  }
}

async function arrive(visit: Visit, at: Whereabouts, why: Reason): Promise<Seat | Refusal> {
  if (!mayServe(visit, at.home)) return leave(visit, at, leftBecause(visit.view, at.home));
  if (!visit.view.snapshot.routeOnly && visit.view.drilled(at.session, at.home)) return drill(visit, at);
  if (at.by === 'learned-key') rememberHome(visit, at);
  return seatAt(visit, at, why);
}

/** The kill switch leaves every session where it is, whatever is said of its home. */
function mayServe({ view }: Visit, home: OriginId): boolean {
  return view.usable(home) || (view.snapshot.routeOnly === true && view.has(home));
}

/** A learned key has no cookie that a renewal could go with: its row is moved on when a quarter of the idle time has passed. */
async function prolong(visit: Visit, at: Whereabouts, row: Row): Promise<void> {
  const { idleMs } = visit.pool.config.session;
  if (row.expiresAt - visit.now > idleMs * 0.75) return;
  await visit.pool.shards.renew(at.session, { assumed: row, limits: limitsOf(visit, at) });
}

const learnedForMs = 5_000;

function rememberHome(visit: Visit, { session, home, epoch }: Whereabouts): void {
  visit.pool.learned.set(session, {
    home,
    epoch,
    incarnation: incarnationOf(visit, home),
    until: visit.now + learnedForMs,
  });
}

/** At home; where that is being drained, it is asked to let the session go. */
export function seatAt(visit: Visit, at: Whereabouts, reason: Reason): Seat {
  return seat(at, { kind: asksForRelease(visit, at) ? 'release' : 'nothing' }, 'kept', reason);
}

/** Of a session that lives in home's memory only nothing could be handed over, and one in a store of the origins' own needs no leave. */
function asksForRelease({ pool, view }: Visit, { home }: Whereabouts): boolean {
  const { mode, contract } = pool.config.session;
  return mode === 'replicated' && contract && !view.snapshot.routeOnly && view.isDraining(home);
}
