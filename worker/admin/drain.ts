import type { IRequest } from 'itty-router';
import type { Account } from '../core/drain.ts';
import type { Unreachable } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { control } from './control.ts';
import { json } from './json.ts';
import { namedOrigin } from './named-origin.ts';
import { cursorOf, pagesFrom, type Place, placesFrom, unanswered } from './places.ts';
import { drainingIn, type Leaving, leavingOf, seenNow, sweepStep, type SweepStep } from './sweep.ts';

/** One answer's share of a pass: what an invocation may ask of others is bounded. */
const stepsMax = 24;
const sessionsMax = 1_000;

interface Swept {
  readonly moved: number;
  readonly left: number;
  readonly withoutData: number;
  readonly cursor: string | undefined;
}

/** `POST /origins/:id/sweep` `{ cursor?, count? }`: a part of a pass over the sessions that live there. Ends without a cursor. */
export async function sweepOrigin(request: IRequest, edge: Edge): Promise<Response> {
  const named = await namedOrigin(request, edge);
  if (named instanceof Response) return named;
  const { pool, origin, body } = named;
  const places = pagesFrom([pool], typeof body.cursor === 'string' ? body.cursor : undefined);
  if (places instanceof Response) return places;
  const leaving = await leavingOf(edge, pool, origin);
  const swept = await sweep(leaving, places, body.count === true ? 'count' : 'move');
  if (swept instanceof Response) return swept;
  return json({ pool: pool.name, origin, ...swept });
}

async function sweep(
  leaving: Leaving,
  places: readonly Place[],
  what: 'count' | 'move',
): Promise<Swept | Response> {
  const sum = { moved: 0, left: 0, withoutData: 0 };
  let steps = 0;
  for (const first of places) {
    for (let place: Place | undefined = first; place !== undefined; ) {
      if (steps >= stepsMax || sum.moved + sum.left >= sessionsMax)
        return { ...sum, cursor: cursorOf(place, place.at) };
      steps += 1;
      const step: SweepStep | Unreachable = await sweepStep(leaving, place, what);
      if ('kind' in step) return unanswered(place, step.why);
      for (const name of ['moved', 'left', 'withoutData'] as const) sum[name] += step[name];
      place = step.next === undefined ? undefined : { ...place, at: `${step.next}` };
    }
  }
  return { ...sum, cursor: undefined };
}

/** `GET /origins/:id/account?pool=`: what is in flight there, as it says itself, and what is ordered of it. */
export async function accountOf(request: IRequest, edge: Edge): Promise<Response> {
  const named = await namedOrigin(request, edge);
  if (named instanceof Response) return named;
  const { pool, origin } = named;
  const status = await pool.status();
  if ('kind' in status)
    return refusal(503, 'monitor_unreachable', `The monitor did not answer: ${status.why}.`);
  const found = status.origins.find(({ id }) => id === origin);
  const now = edge.clock.now();
  const { state = 'active', since = now, until = 0 } = found?.operation ?? {};
  const isLong = state === 'draining' && now > until + pool.config.attempts.deadlineMs ? 'yes' : 'no';
  const account = found?.health === 'down' ? 'gone' : await accountSaid(edge, pool, origin);
  return json({ pool: pool.name, origin, state, orderedMs: now - since, until, now, isLong, account });
}

async function accountSaid(
  edge: Edge,
  pool: Pool,
  origin: Parameters<typeof control>[2],
): Promise<Account | 'unknown'> {
  if (!pool.config.session.contract) return 'unknown';
  const said = await control(edge, pool, origin);
  return said === undefined ? 'unknown' : { inFlight: said.inFlight, quietMs: said.quietMs };
}

/** Answers' shares that one run of the cron takes per origin. */
const sharesPerRun = 12;

/** What the cron does for drains that nobody waits for. */
export async function sweepDrains(edge: Edge): Promise<void> {
  for (const pool of edge.pools.values()) {
    const seen = await seenNow(edge, pool);
    for (const origin of drainingIn(seen)) await sweepUnattended({ ...seen, origin });
  }
}

async function sweepUnattended(leaving: Leaving): Promise<void> {
  let cursor: string | undefined;
  for (let shares = 0; shares < sharesPerRun; shares++) {
    const places = placesFrom([leaving.pool], cursor);
    const swept = places instanceof Response ? places : await sweep(leaving, places, 'move');
    if (swept instanceof Response) {
      const { pool, origin } = leaving;
      console.error(
        `Cannot sweep ${origin} of pool ${pool.name}, will be tried again: ${await swept.text()}`,
      );
      return;
    }
    cursor = swept.cursor;
    if (cursor === undefined) return;
  }
}
