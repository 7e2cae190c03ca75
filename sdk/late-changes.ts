import type { Refusal } from './refusals.ts';
import type { Visit } from './visit.ts';
import type { RefusedReason, StoreResult } from './store-api.ts';
import type { Sent } from './headers.ts';

/** What is stored after an answer has been sealed, one call after the other: what has waited for the one before is often stored with it. */
export interface LateChanges {
  keep(call: () => Promise<StoreResult>): void;
  /** The first refusal, if any; `undefined` when nothing came late. */
  outcome(): Promise<Refusal | undefined> | undefined;
}

/** Whether there is a store, and what is said where there is none. */
interface Stored {
  readonly source: Visit['source'];
  readonly storing: Sent['storing'];
}

/** Nothing is late yet. */
export function createLateChanges(
  { source, storing }: Stored,
  refused: (reason: RefusedReason) => Refusal,
): LateChanges {
  let all: Promise<Refusal | undefined> | undefined;
  return {
    keep(call) {
      const before = all;
      const isStored = source !== 'read-only' && storing === 'on';
      const mine = isStored ? (before?.then(call) ?? call()) : resultWithout(source);
      all = mine.then(async (result) => {
        const refusal = result.kind === 'refused' ? refused(result.reason) : undefined;
        return (await before) ?? refusal;
      });
    },
    outcome: () => all,
  };
}

/** What a late change comes to when there is no store to call. */
async function resultWithout(source: Visit['source']): Promise<StoreResult> {
  return source === 'read-only' ? { kind: 'refused', reason: 'unreachable' } : { kind: 'stored' };
}
