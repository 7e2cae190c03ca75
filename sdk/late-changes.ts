import type { Refusal } from './refusals.ts';
import type { RefusedReason, StoreResult } from './store-api.ts';
import type { Visit } from './visit.ts';

/** What is stored after an answer has been sealed, one call after the other: what has waited for the one before is often stored with it. */
export interface LateChanges {
  keep(call: () => Promise<StoreResult>): void;
  /** The first refusal, if any; `undefined` when nothing came late. */
  outcome(): Promise<Refusal | undefined> | undefined;
}

const unreachable: Promise<StoreResult> = Promise.resolve({ kind: 'refused', reason: 'unreachable' });

/** Nothing is late yet. */
export function createLateChanges(
  source: Visit['source'],
  refused: (reason: RefusedReason) => Refusal,
): LateChanges {
  let all: Promise<Refusal | undefined> | undefined;
  return {
    keep(call) {
      const before = all;
      const mine = source === 'read-only' ? unreachable : (before?.then(call) ?? call());
      all = mine.then(async (result) => {
        const refusal = result.kind === 'refused' ? refused(result.reason) : undefined;
        return (await before) ?? refusal;
      });
    },
    outcome: () => all,
  };
}
