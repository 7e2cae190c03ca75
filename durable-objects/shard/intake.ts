import { decodePage, type Entry } from '../../worker/core/page.ts';
import { chunksOf } from './big-states.ts';
import type { Ledger } from './ledger.ts';
import type { Sent } from './replica-object.ts';
import type { LogRow, Tables } from './tables.ts';

/** What a replica takes in from its shard, with the chunks that came before. */
export class Intake {
  readonly #tables: Tables;
  readonly #ledger: Ledger;

  constructor(tables: Tables, ledger: Ledger) {
    this.#tables = tables;
    this.#ledger = ledger;
  }

  hasAll(sent: Sent): boolean {
    return sent.every(([id, parts]) => this.#tables.countChunks(id) === parts);
  }

  hasState({ state }: Entry): boolean {
    return state.kind !== 'chunked' || this.#tables.countChunks(state.id) > 0;
  }

  /** Rows that are new here, in their order. */
  append(rows: readonly LogRow[], sent: Sent): 'whole' | 'with holes' {
    const holes = this.dropHoles(
      rows.flatMap(({ body }) => decodePage(body)),
      sent,
    );
    const named = new Set(sent.map(([id]) => id));
    for (const { seq, body } of rows) this.#ledger.append(seq, new Uint8Array(body), named);
    return holes > 0 ? 'with holes' : 'whole';
  }

  /** Chunks that came for a row which was lost on the way, and whose state has been replaced since. */
  dropHoles(entries: readonly Entry[], sent: Sent): number {
    const whole = new Set(sent.map(([id]) => id));
    const holes = entries.flatMap(({ state }) => chunksOf(state) ?? []).filter((id) => !whole.has(id));
    for (const id of holes) this.#tables.deleteChunks(id);
    return holes.length;
  }
}
