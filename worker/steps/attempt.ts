import type { AttemptResult } from './answer.ts';
import { type ContractHeaders, contractHeaders } from './contract.ts';
import { originRequest } from './origin-request.ts';
import { watch } from './watch.ts';
import type { Fetch } from '../ports.ts';
import type { Seat, Visit } from '../visit.ts';

/** One try at one origin. Waits for nothing but the origin where the contract's signature has been computed before. */
export function attempt(visit: Visit, seat: Seat): Promise<AttemptResult> {
  const contract = contractHeaders(visit, seat);
  if (contract instanceof Promise) return contract.then((headers) => send(visit, seat, headers));
  return send(visit, seat, contract);
}

function send(visit: Visit, seat: Seat, contract: ContractHeaders): Promise<AttemptResult> {
  visit.trail.attempts += 1;
  const { url, init, via } = originRequest(visit, seat.home, contract);
  const answered = via === '' ? visit.edge.fetch(url, init) : fetchThrough(visit, via)(url, init);
  return watch(visit, seat.home, answered);
}

function fetchThrough({ edge }: Visit, binding: string): Fetch {
  const fetch = edge.bound.get(binding);
  if (fetch === undefined) throw new Error(`Cannot send through ${binding} as it is not bound`);
  return fetch;
}
