import type { Claims } from './claims.ts';
import type { Copies } from './copies.ts';
import type { Refusal } from './refusals.ts';
import type { Visit } from './visit.ts';

/** What an order of the edge's is about: a session as the store has it. */
interface Stored {
  readonly session: string;
  readonly epoch: number;
  readonly version: number;
}

/** Requests of sessions that are here now, and when the last one left. */
export interface InFlight {
  count: number;
  lastEndedAt: number;
}

/** What an order needs to be followed. */
export interface ControlOptions {
  readonly instance: string;
  readonly copies: Copies;
  readonly claims: Pick<Claims, 'isClaiming'>;
  readonly inFlight: InFlight;
  now(): number;
}

/**
 * `Limpet-Control` (contract section 7): `account`, or `release` with sessions. Each of those that nothing is under way of, and whose newest
 * state the store has, is let go of: its copy is dropped, and the answer names it.
 *
 * @returns what to send, or `undefined` when the order is not one of the contract's.
 */
export function followOrder(order: string, options: ControlOptions): Refusal | undefined {
  const [verb = '', list = ''] = order.split(' ');
  if (verb === 'account' && list === '') return account([], options);
  const sessions = verb === 'release' ? storedIn(list) : undefined;
  return (
    sessions &&
    account(
      sessions.filter((stored) => release(stored, options)),
      options,
    )
  );
}

function release({ session, epoch, version }: Stored, { copies, claims }: ControlOptions): boolean {
  if (claims.isClaiming(session)) return false;
  const copy = copies.peek(session);
  if (copy === undefined) return true;
  const isStored = copy.version === 0 || (copy.epoch === epoch && copy.version === version);
  if (copy.inFlight > 0 || !isStored) return false;
  copies.drop(copy);
  return true;
}

function storedIn(list: string): Stored[] | undefined {
  const parts = list.split(',').map((part) => /^([A-Za-z0-9_-]{29}):(\d{1,15}):(\d{1,15})$/.exec(part));
  const sessions = parts.flatMap((part) =>
    part?.[1] === undefined ? [] : [{ session: part[1], epoch: Number(part[2]), version: Number(part[3]) }],
  );
  return sessions.length === parts.length ? sessions : undefined;
}

function account(released: readonly Stored[], { instance, inFlight, now }: ControlOptions): Refusal {
  const body = {
    instance,
    inFlight: inFlight.count,
    quietMs: inFlight.count > 0 ? 0 : Math.max(0, now() - inFlight.lastEndedAt),
    released: released.map(({ session }) => session),
  };
  const headers = [
    ['content-type', 'application/json; charset=utf-8'],
    ['cache-control', 'no-store'],
    ['limpet-instance', instance],
  ] as const;
  return { code: 'account', status: 200, headers, body: JSON.stringify(body) };
}

/** From here until it is closed a visit is in flight: an origin with none can be stopped. */
export function counted(visit: Visit, inFlight: InFlight, now: () => number): Visit {
  let open = true;
  inFlight.count += 1;
  const { close } = visit;
  return Object.assign(visit, {
    close() {
      close();
      if (!open) return;
      open = false;
      inFlight.count -= 1;
      inFlight.lastEndedAt = now();
    },
  });
}
