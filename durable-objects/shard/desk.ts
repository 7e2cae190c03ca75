import type { SubjectTag } from '../../worker/core/ids.ts';
import type { Entry, StoredState } from '../../worker/core/page.ts';
import type { ExportedSession, ListedRow, SubjectStep, SubjectWish } from '../../worker/ports.ts';
import type { Ledger } from './ledger.ts';
import type { Tables } from './tables.ts';

/** Pages and bytes of states that one step of a search looks at: what an RPC can carry, and other calls get in between. */
const pagesPerStep = 16;
const stateBytesPerStep = 4 * 1024 * 1024;

/**
 * What operators ask of a shard besides single sessions. There is no index by subject: it would be a row per write. Who asks for a subject has all
 * pages read, a few at a time.
 */
export class Desk {
  readonly #ledger: Ledger;
  readonly #tables: Tables;

  constructor(ledger: Ledger, tables: Tables) {
    this.#ledger = ledger;
    this.#tables = tables;
  }

  /** The sessions of a subject and the marks of its ended ones, in the next few pages. */
  find({ subject, from }: SubjectWish, now: number): SubjectStep<Entry> {
    const buckets = this.#ledger.bucketsFrom(from);
    const found: Entry[] = [];
    let bytes = 0;
    for (const [looked, bucket] of buckets.entries()) {
      if (looked >= pagesPerStep || bytes >= stateBytesPerStep) return { found, next: bucket };
      for (const entry of this.#ledger.entriesOf(bucket, now)) {
        if (subjectOf(entry) !== subject) continue;
        found.push(entry);
        bytes += this.#stateBytes(entry.state);
      }
    }
    return { found, next: undefined };
  }

  export(wish: SubjectWish, now: number): SubjectStep<ExportedSession> {
    const { found, next } = this.find(wish, now);
    return { found: found.flatMap((entry) => this.#exported(entry)), next };
  }

  /** Undefined for the mark of an ended session. */
  listed({ session, slot, state }: Entry): ListedRow | undefined {
    return slot.kind === 'row' ? { ...slot.row, session, stateBytes: this.#stateBytes(state) } : undefined;
  }

  #exported(entry: Entry): ExportedSession[] {
    const row = this.listed(entry);
    if (row === undefined) return [];
    const state = this.#ledger.sealed(entry.state);
    return [state === undefined ? row : { ...row, state }];
  }

  #stateBytes(state: StoredState): number {
    if (state.kind === 'none') return 0;
    return state.kind === 'inline' ? state.bytes.length : this.#tables.chunkBytes(state.id);
  }
}

function subjectOf({ slot }: Entry): SubjectTag | undefined {
  return slot.kind === 'row' ? slot.row.subject : slot.subject;
}
