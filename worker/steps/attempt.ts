import type { AttemptResult } from './answer.ts';
import { checked, isChecked } from './connect-check.ts';
import { type ContractHeaders, contractHeaders } from './contract.ts';
import type { OriginId } from '../core/ids.ts';
import { originRequest } from './origin-request.ts';
import { watch } from './watch.ts';
import type { Fetch } from '../ports.ts';
import type { Seat, Visit } from '../visit.ts';

/** One try at one origin. Waits for nothing but the origin where the contract's signature has been computed before. */
export function attempt(visit: Visit, seat: Seat): Promise<AttemptResult> {
  return visit.pool.config.attempts.connectCheckMs > 0 && isChecked(visit, seat.home)
    ? checked(visit, seat.home, () => begin(visit, seat))
    : begin(visit, seat);
}

function begin(visit: Visit, seat: Seat): Promise<AttemptResult> {
  const over = isCapped(visit, seat.home)
    ? visit.pool.passive.begin(seat.home, visit.edge.clock.now())
    : undefined;
  const contract = contractHeaders(visit, seat);
  if (contract instanceof Promise) return contract.then((headers) => send(visit, seat, headers, over));
  return send(visit, seat, contract, over);
}

/** Where an origin has a cap: what is under way there is counted to its headers, whether its client stays or not. */
type Over = (() => void) | undefined;

function isCapped({ pool }: Visit, home: OriginId): boolean {
  return (pool.origins.get(home)?.maxConcurrent ?? 0) > 0;
}

function send(visit: Visit, seat: Seat, contract: ContractHeaders, over: Over): Promise<AttemptResult> {
  visit.trail.attempts += 1;
  const { url, init, via } = originRequest(visit, seat.home, contract);
  const answered = via === '' ? visit.edge.fetch(url, init) : fetchThrough(visit, via)(url, init);
  if (over !== undefined) visit.waitUntil(answered.then(over, over));
  return watch(visit, seat, answered);
}

function fetchThrough({ edge }: Visit, binding: string): Fetch {
  const fetch = edge.bound.get(binding);
  if (fetch === undefined) throw new Error(`Cannot send through ${binding} as it is not bound`);
  return fetch;
}
