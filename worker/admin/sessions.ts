import type { IRequest } from 'itty-router';
import type { SessionId } from '../core/ids.ts';
import { parseSessionId, shardOf } from '../core/session-id.ts';
import type { ListedRow, ShownSlot } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { json } from './json.ts';
import { cursorOf, namedPools, placesFrom, unanswered } from './places.ts';

const limitMax = 1_000;
/** Shards that one answer asks: empty ones too take their time. */
const shardsPerAnswer = 32;

/** `GET /sessions?pool=&cursor=&limit=&full=1`: what the map knows of every session, never its state. */
export async function listSessions({ url }: IRequest, edge: Edge): Promise<Response> {
  const wanted = new URL(url).searchParams;
  const limit = limitIn(wanted.get('limit'));
  const pools = namedPools(wanted.get('pool'), edge);
  if (pools instanceof Response) return pools;
  const places = placesFrom(pools, wanted.get('cursor'));
  if (places instanceof Response) return places;
  const sessions: unknown[] = [];
  for (const [asked, place] of places.entries()) {
    if (asked >= shardsPerAnswer || sessions.length >= limit)
      return json({ sessions, cursor: cursorOf(place, place.at) });
    const page = await place.pool.desk.list(place.shard, {
      cursor: place.at || undefined,
      limit: limit - sessions.length,
    });
    if ('kind' in page) return unanswered(place, page.why);
    sessions.push(...page.rows.map((row) => ({ pool: place.pool.name, ...told(row, nameIn(wanted)) })));
    if (page.cursor !== undefined) return json({ sessions, cursor: cursorOf(place, page.cursor) });
  }
  return json({ sessions });
}

/** `GET /sessions/:id`: one session, or that it was ended. */
export async function showSession(request: IRequest, edge: Edge): Promise<Response> {
  const found = await find(request, edge);
  if (found instanceof Response) return found;
  const { session, pool, slot } = found;
  switch (slot.kind) {
    case 'none':
      return refusal(
        404,
        'no_session',
        'The map has no row of this session: nothing of it is stored, it has expired, or it never was.',
      );
    case 'ended':
      return json({ session: { pool: pool.name, session, ended: true, markUntil: slot.endsAt } });
    case 'row':
      return json({ session: { pool: pool.name, ...told(slot.row, fullName) } });
    default:
      return slot satisfies never;
  }
}

/** `POST /sessions/:id/end`: wherever it lives, and though nothing of it may be stored. Its next request begins a new session. */
export async function endSession(request: IRequest, edge: Edge): Promise<Response> {
  const found = await find(request, edge);
  if (found instanceof Response) return found;
  const { session, pool, slot, isSure } = found;
  if (!isSure)
    return refusal(
      400,
      'pool_needed',
      'No pool has a row of this session: say which pool it is of, ?pool=NAME.',
    );
  const endsAt = edge.clock.now() + pool.config.session.absoluteMs;
  const said = await pool.desk.end(session, {
    endsAt,
    origins: [...pool.membership.asOf(pool, pool.snapshots.current().snapshot).origins.keys()],
  });
  if (said.kind === 'unreachable') return unanswered({ pool, shard: shardOf(session) }, said.why);
  return json({ pool: pool.name, session, ended: true, was: slot.kind === 'row' ? 'stored' : slot.kind });
}

interface Found {
  readonly session: SessionId;
  readonly pool: Pool;
  readonly slot: ShownSlot;
  /** Whether it can be of no other pool. */
  readonly isSure: boolean;
}

/** An id does not name its pool: where none is named, the one that has the session is meant. */
async function find({ params, url }: IRequest, edge: Edge): Promise<Found | Response> {
  const session = parseSessionId(params['id'] ?? '');
  if (session === undefined)
    return refusal(400, 'malformed', 'Wanted a session id: 29 characters of A-Z a-z 0-9 - _.');
  const pools = namedPools(new URL(url).searchParams.get('pool'), edge);
  if (pools instanceof Response) return pools;
  let none: Found | undefined;
  for (const pool of pools) {
    const slot = await pool.desk.show(session);
    if (slot.kind === 'unreachable') return unanswered({ pool, shard: shardOf(session) }, slot.why);
    if (slot.kind !== 'none') return { session, pool, slot, isSure: true };
    none ??= { session, pool, slot, isSure: pools.length === 1 };
  }
  return none ?? refusal(404, 'no_session', 'There is no pool.');
}

export type NameOf = (session: SessionId) => string;

export const fullName: NameOf = (session) => session;

/** Enough to tell two of them apart, not enough to name one. */
export const shortName: NameOf = (session) => `${session.slice(0, 12)}…`;

function nameIn(wanted: URLSearchParams): NameOf {
  return wanted.get('full') === '1' ? fullName : shortName;
}

export function told(
  { session, home, epoch, version, expiresAt, endsAt, stateBytes, subject }: ListedRow,
  name: NameOf,
) {
  return {
    session: name(session),
    home,
    epoch,
    version,
    expiresAt,
    endsAt,
    stateBytes,
    labelled: subject !== undefined,
  };
}

function limitIn(text: string | null): number {
  const wanted = Number(text ?? 100);
  return Number.isSafeInteger(wanted) ? Math.min(Math.max(1, wanted), limitMax) : 100;
}
