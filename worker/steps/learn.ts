import { createdKeys } from './created-key.ts';
import type { LearnedKey } from './learned-key.ts';
import { incarnationOf } from './view.ts';
import type { Seat, Visit } from '../visit.ts';

/** A key that its origin has just made lives this long in the map until it has come back once. */
const untilItReturnsMs = 120_000;

/**
 * A key that the origin creates in its answer (an application cookie, a header) must lead back to this origin from everywhere: its row is written before
 * the answer's headers leave.
 */
export async function learn(visit: Visit, seat: Seat, response: Response): Promise<void> {
  for (const key of await createdKeys(visit, response)) await writeRow(visit, seat, key);
}

async function writeRow(visit: Visit, { home }: Seat, { session }: LearnedKey): Promise<void> {
  const endsAt = visit.now + visit.pool.config.session.absoluteMs;
  const limits = { endsAt, expiresAt: Math.min(endsAt, visit.now + untilItReturnsMs) };
  const said = await visit.pool.shards.renew(session, { assumed: { home, epoch: 0 }, limits });
  if (said.kind !== 'row') {
    visit.edge.counters.add(`learn_failed.${said.kind}`);
    return;
  }
  const { home: at, epoch } = said.row;
  visit.pool.learned.set(session, {
    home: at,
    epoch,
    incarnation: incarnationOf(visit, at),
    until: visit.now + 5_000,
  });
}
