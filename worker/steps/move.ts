import { base64url } from '../core/base64url.ts';
import { type InstanceId, noInstance, type OriginId, type SessionId } from '../core/ids.ts';
import type { Reason } from '../core/outcome.ts';
import { keyOf } from '../core/rendezvous.ts';
import { isSafe } from '../core/resend.ts';
import type { ClaimAnswer, SealedState, Unreachable } from '../ports.ts';
import { startOver } from './draw.ts';
import { carriedOff, flee } from './flight.ts';
import { hold } from './hold.ts';
import { readOnlySeat, unlessSilent } from './read-only.ts';
import { homeInDoubt, noOrigin, retryAfter, routeOnly, storeUnreachable } from './refusals.ts';
import { unsealed } from './sealed-state.ts';
import { limitsOf, seat, type Whereabouts } from './seat.ts';
import { canServe } from './view.ts';
import type { Carried, Refusal, Seat, SessionSeat, Visit } from '../visit.ts';

/** Claims that one request may try before it gives up on a session that keeps moving. */
const claimsMax = 4;

/**
 * Home cannot be used: the shard claims the session for the next candidate and hands over its newest state in the same step.
 * No shard, no move.
 */
export async function leave(visit: Visit, from: Whereabouts, why: Reason): Promise<Seat | Refusal> {
  if (visit.view.snapshot.routeOnly) return routeOnly(retryAfter(visit));
  if (isUnheardOf(visit, from.home)) return homeInDoubt(retryAfter(visit));
  fleeHeardOf(visit, from.home, why);
  let at = from;
  let uncopied: 'keep' | 'move' = isOutsideHome(visit) || visit.view.isSurelyAway(at.home) ? 'move' : 'keep';
  for (let tries = 0; tries < claimsMax; tries++) {
    const target = nextHome(visit, at);
    if (target === undefined) return noOrigin(visit);
    const said = await unlessSilent(visit, at, target, claimFor(visit, at, target, uncopied));
    switch (said.kind) {
      case 'session':
        return said;
      case 'claimed':
        return carriedOff(visit, at.home, await moved(visit, at, target, said, why));
      case 'ended':
        return startOver(visit, { ...at, home: target });
      case 'unreachable':
        return isSafe(visit.request.method)
          ? readOnlySeat(visit, at, target)
          : storeUnreachable('not executed', retryAfter(visit));
      case 'row':
        at = { ...at, home: said.row.home, epoch: said.row.epoch };
        if (canServe(visit, at.home)) return seat(at, { kind: 'nothing' }, 'moved', 'claimed_elsewhere');
        break;
      case 'uncopied': {
        const verdict = await hold(visit, at.home);
        if (verdict === 'answers') return seat(at, { kind: 'nothing' }, 'kept', 'home_usable');
        if (verdict === 'in doubt') return homeInDoubt(retryAfter(visit));
        uncopied = 'move';
        break;
      }
      default:
        return said satisfies never;
    }
  }
  return noOrigin(visit);
}

/** What the request did not find out itself: the monitor's word, an operator's, or how this isolate's requests fared before. */
function fleeHeardOf(visit: Visit, home: OriginId, why: Reason): void {
  if (why === 'home_ejected') flee(visit, home, { how: 'ejected', isSuspect: false });
  if (why === 'home_down' || why === 'home_ordered_out') flee(visit, home, { how: 'down', isSuspect: false });
}

/** Without a young snapshot nobody knows who has registered: a home that is unknown here may be well and have the only copy. */
function isUnheardOf({ pool, view }: Visit, home: OriginId): boolean {
  return pool.config.registration !== 'off' && view.trust === 'stale' && !pool.origins.has(home);
}

/** The origins share a store: home's memory holds nothing that suspicion could lose. */
function isOutsideHome({ pool }: Visit): boolean {
  return pool.config.session.mode === 'external';
}

/** The next candidate: best first, without those that failed this request. */
export function nextHome(visit: Visit, { session, home }: Whereabouts): OriginId | undefined {
  if (visit.view.mood === 'spent') return undefined;
  return visit.view.place(keyOf(session), (origin) => origin !== home && !visit.trail.failed.has(origin));
}

/** The edge's claim leaves the instance open: the first put or claim that names one fixes it. */
export function claimFor(
  visit: Visit,
  at: Whereabouts,
  home: OriginId,
  uncopied: 'keep' | 'move',
  instance: InstanceId = noInstance,
): Promise<ClaimAnswer | Unreachable> {
  return visit.pool.shards.claim(at.session, {
    by: 'edge',
    expected: at.epoch,
    home,
    instance,
    nonce: base64url(visit.edge.chance.bytes(12)),
    uncopied,
    assumed: { home: at.home, epoch: at.epoch },
    limits: limitsOf(visit, at),
  });
}

/** A claimed session at its new home, with the state that was handed over. */
export async function moved(
  visit: Visit,
  at: Whereabouts,
  home: OriginId,
  said: ClaimAnswer & { kind: 'claimed' },
  why: Reason,
): Promise<SessionSeat> {
  const carried = await carry(visit, at.session, said.row.version, said.state);
  const withData = carried.kind === 'state' && carried.bytes.length > 0;
  return seat({ ...at, home, epoch: said.row.epoch }, carried, withData ? 'restored' : 'moved', why);
}

async function carry(
  visit: Visit,
  session: SessionId,
  version: number,
  state: SealedState | undefined,
): Promise<Carried> {
  if (isOutsideHome(visit)) return { kind: 'nothing' };
  const isWanted = visit.pool.config.session.onHomeLost === 'restore';
  return { kind: 'state', version, bytes: isWanted ? await intactBytes(visit, session, state) : noBytes };
}

const noBytes = new Uint8Array();

/** What is stored, or nothing. A state whose seal does not fit is nobody's: it is reported and never parsed. */
export async function intactBytes(
  { pool, edge }: Visit,
  session: SessionId,
  state: SealedState | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (state === undefined) return noBytes;
  const bytes = await unsealed(pool.keyring, session, state);
  if (bytes !== undefined) return bytes;
  edge.counters.add('state_refused.seal');
  console.error(
    JSON.stringify({
      event: 'state_refused',
      pool: pool.name,
      why: 'the seal does not fit the stored state',
    }),
  );
  return noBytes;
}
