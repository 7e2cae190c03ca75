import type { AttemptResult } from './answer.ts';
import { type ContractHeaders, contractHeaders } from './contract.ts';
import { originRequest } from './origin-request.ts';
import { watch } from './watch.ts';
import type { Seat, Visit } from '../visit.ts';

/** One try at one origin. Waits for nothing but the origin where the contract's signature has been computed before. */
export function attempt(visit: Visit, seat: Seat): Promise<AttemptResult> {
  const contract = contractHeaders(visit, seat);
  if (contract instanceof Promise) return contract.then((headers) => send(visit, seat, headers));
  return send(visit, seat, contract);
}

function send(visit: Visit, seat: Seat, contract: ContractHeaders): Promise<AttemptResult> {
  visit.trail.attempts += 1;
  const { url, init } = originRequest(visit, seat.home, contract);
  return watch(visit, seat, visit.edge.fetch(url, init));
}
