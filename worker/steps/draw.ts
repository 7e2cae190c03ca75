import type { Identity } from '../core/identity.ts';
import { makeSessionId, sessionIdBytes } from '../core/session-id.ts';
import type { OriginId, SessionId } from '../core/ids.ts';
import { clientAddress } from './client-address.ts';
import { learns } from './created-key.ts';
import { noOrigin } from './refusals.ts';
import type { Whereabouts } from './seat.ts';
import type { Refusal, Seat, Visit } from '../visit.ts';

const bucketMs = 10_000;

/** A place for a session that does not exist yet, or for a request without one. */
export async function draw(
  visit: Visit,
  identity: Identity & { kind: 'new' | 'stateless' },
): Promise<Seat | Refusal> {
  const home = visit.view.placeNew(await firstVisitKey(visit), (origin) => !visit.trail.failed.has(origin));
  if (home === undefined) return noOrigin(visit);
  if (identity.kind === 'new')
    return { ...newcomer(visit, home), by: 'cookie', outcome: 'assigned', reason: identity.reason };
  const told = { outcome: 'stateless', reason: 'no_key' } as const;
  // The origin may make the key with this very answer: a state that comes with it must have an id to be kept under.
  return visit.pool.config.session.contract && learns(visit)
    ? { ...newcomer(visit, home), by: 'learned-key', ...told }
    : { kind: 'stateless', home, ...told };
}

function newcomer(visit: Visit, home: OriginId) {
  const startedS = Math.floor(visit.now / 1000);
  const carried = { kind: 'new' } as const;
  return {
    kind: 'session',
    session: drawSessionId(visit),
    home,
    epoch: 0,
    startedS,
    renewedS: startedS,
    carried,
  } as const;
}

/** The session was ended, and nothing brings it back: a new one is begun. Where the key itself was the session, only the place is left. */
export async function startOver(visit: Visit, at: Whereabouts): Promise<Seat | Refusal> {
  if (at.by === 'cookie') return draw(visit, { kind: 'new', reason: 'session_ended' });
  return { kind: 'stateless', home: at.home, outcome: 'stateless', reason: 'session_ended' };
}

/**
 * A client without any key is placed by (address, user agent, ten seconds): the parallel requests of a first page agree on one home
 * without asking anybody, and a crowd behind one address still spreads.
 */
async function firstVisitKey({ request, edge, pool, now }: Visit): Promise<number> {
  const agent = request.headers.get('user-agent') ?? '';
  const text = [clientAddress(request, edge.config), agent, Math.floor(now / bucketMs)].join('\n');
  const digest = await pool.keyring.digest('first-visit', text);
  return new DataView(digest.buffer).getInt32(0);
}

/** The id itself is random, in one of the pool's shards. */
export function drawSessionId({ edge, pool }: Visit): SessionId {
  const { region, generation, shards } = pool.config.session;
  const random = edge.chance.bytes(sessionIdBytes + 2);
  const number = (((random[sessionIdBytes] ?? 0) << 8) | (random[sessionIdBytes + 1] ?? 0)) % shards;
  return makeSessionId({ region, generation, number }, random);
}

/** The same shard under another id: what a login's rotation needs. */
export function drawSiblingId({ edge }: Visit, session: SessionId): SessionId {
  const random = edge.chance.bytes(sessionIdBytes);
  const region = session.slice(0, 2);
  return makeSessionId(
    {
      region,
      generation: Number.parseInt(session.slice(2, 4), 36),
      number: Number.parseInt(session.slice(4, 7), 36),
    },
    random,
  );
}
