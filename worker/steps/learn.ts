import { type LearnedKey, type LearnedRule, learnedKey } from './learned-key.ts';
import { incarnationOf } from './view.ts';
import type { Seat, Visit } from '../visit.ts';

/** A key that its origin has just made lives this long in the map until it has come back once. */
const untilItReturnsMs = 120_000;

/**
 * A key that the origin creates in its answer (an application cookie, a header) must lead back to this origin from everywhere: its row is written before
 * the answer's headers leave.
 */
export async function learn(visit: Visit, seat: Seat, response: Response): Promise<void> {
  for (const rule of visit.pool.config.affinity) {
    if (rule.by === 'cookie' || rule.by === 'ip') continue;
    const value = createdKey(rule, response.headers);
    if (value !== undefined) await writeRow(visit, seat, await learnedKey(visit, rule, value));
  }
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

function createdKey(rule: Exclude<LearnedRule, { by: 'ip' }>, headers: Headers): string | undefined {
  if (rule.by === 'header') return headers.get(rule.name) ?? undefined;
  for (const cookie of headers.getSetCookie()) {
    const [pair = ''] = cookie.split(';', 1);
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() === rule.name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}

/** Whether the pool learns keys from answers at all. */
export function learns({ pool }: Visit): boolean {
  return pool.config.affinity.some(({ by }) => by === 'application-cookie' || by === 'header');
}
