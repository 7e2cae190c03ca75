import { decideArrival, type Need } from './arrival.ts';
import { makeCopy, type Copies, type Copy } from './copies.ts';
import type { EndedMarks } from './ended-marks.ts';
import type { Sent } from './headers.ts';
import type { ClaimResult, StoreApi } from './store-api.ts';

const ROUNDS_MAX = 8;

/** Where a request's session data comes from, or what the edge must do first. */
export type Settled =
  | { readonly kind: 'copy'; readonly copy: Copy }
  | { readonly kind: 'read-only'; readonly copy: Copy; readonly ageS: number }
  | { readonly kind: 'need'; readonly need: Need };

/** Brings each request of a session to a copy, with one claim at a time per session. */
export interface Claims {
  settle(sent: Sent): Promise<Settled>;
  /** A claim of this session is under way. */
  isClaiming(session: string): boolean;
}

/** What settling needs. */
export interface ClaimsOptions {
  readonly copies: Copies;
  readonly ended: EndedMarks;
  readonly api: Pick<StoreApi, 'claim'>;
  now(): number;
}

interface Flight {
  readonly epoch: number;
  readonly result: Promise<ClaimResult>;
}

type Failure = 'elsewhere' | 'ended' | 'unreachable';

const NEED: Readonly<Record<Failure, Need>> = { elsewhere: 'row', ended: 'session', unreachable: 'state' };

/** The arrival rules, played until they come to an end. */
export function createClaims({ copies, ended, api, now }: ClaimsOptions): Claims {
  const flights = new Map<string, Flight>();

  async function settle(sent: Sent): Promise<Settled> {
    let epoch = sent.epoch;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const settled = settleHere(sent, epoch);
      if (settled !== 'claim') return settled;
      const flight = flights.get(sent.session) ?? claim(sent, epoch);
      const result = await flight.result;
      if (result.kind === 'newer') epoch = Math.max(epoch, result.epoch);
      else if (result.kind !== 'claimed' && flight.epoch >= epoch) return needAfter(result.kind, sent, epoch);
      // A request that knows of a newer epoch than the claim did has its own question to ask.
    }
    return { kind: 'need', need: 'state' };
  }

  /** As far as the rules go without asking anybody. */
  function settleHere(sent: Sent, epoch: number): Settled | 'claim' {
    const { session, offer } = sent;
    const mark = ended.has(session) ? 'ended' : 'none';
    const step = decideArrival({ epoch, offer, copy: copies.get(session), mark });
    switch (step.kind) {
      case 'need':
        return step;
      case 'serve':
        return inUse(step.copy);
      case 'load':
        return inUse(copies.load(session, { epoch, version: step.version, state: step.state }));
      case 'read-only':
        return {
          kind: 'read-only',
          ageS: step.ageS,
          copy: makeCopy(session, { epoch, version: step.version, state: step.state }, now()),
        };
      case 'drop':
        copies.drop(step.copy);
        return settleHere(sent, epoch);
      case 'claim':
        return 'claim';
      default:
        return step satisfies never;
    }
  }

  /** Starts a claim; its answer is loaded before anybody who waits goes on. */
  function claim(sent: Sent, epoch: number): Flight {
    const result = api.claim(sent, epoch).then((answer) => {
      flights.delete(sent.session);
      if (answer.kind === 'claimed') loadClaimed(sent.session, answer);
      return answer;
    });
    const flight = { epoch, result };
    flights.set(sent.session, flight);
    return flight;
  }

  /** A copy that became newer while the answer was on its way stays, and an ended session stays ended. */
  function loadClaimed(session: string, answer: { epoch: number; version: number; state: Uint8Array }): void {
    const present = copies.get(session);
    if (ended.has(session) || (present && present.epoch >= answer.epoch)) return;
    copies.load(session, { epoch: answer.epoch, version: answer.version, state: answer.state });
  }

  /** A failed claim does not stand in the way of a copy that came meanwhile. */
  function needAfter(failure: Failure, sent: Sent, epoch: number): Settled {
    const settled = settleHere(sent, epoch);
    return settled === 'claim' ? { kind: 'need', need: NEED[failure] } : settled;
  }

  return { settle, isClaiming: (session) => flights.has(session) };
}

/** Counted at once, so that the copy cannot be evicted before its request begins to use it. */
function inUse(copy: Copy): Settled {
  copy.inFlight += 1;
  return { kind: 'copy', copy };
}
