import { type Ended, end } from '../../worker/core/fence.ts';
import { noInstance, originId, type OriginId, type PoolName, type SessionId } from '../../worker/core/ids.ts';
import { bucketOf, type Entry, type StoredState } from '../../worker/core/page.ts';
import { parseSessionId } from '../../worker/core/session-id.ts';
import type { ListedRow, ListPage, ShownSlot } from '../../worker/ports.ts';
import type { Ledger } from './ledger.ts';
import type { Slots } from './slots.ts';
import type { Tables } from './tables.ts';

const listMax = 1_000;

/** Nobody's home and instance: an end that an operator runs raises the incarnation of wherever the session lives. */
const operator = { home: originId(''), instance: noInstance };

export interface DeskParts {
  readonly ledger: Ledger;
  readonly tables: Tables;
  readonly slots: Slots;
  /** Stores the open group now. */
  flush(): void;
}

/** What operators ask of single sessions, and which there are. */
export class Desk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  list({ cursor, limit }: { cursor?: string | undefined; limit: number }, now: number): ListPage {
    const { ledger, flush } = this.#parts;
    flush();
    const after = cursor === undefined ? undefined : parseSessionId(cursor);
    const from = after === undefined ? 0 : bucketOf(after);
    const most = Math.min(Math.max(1, limit), listMax);
    const rows: ListedRow[] = [];
    for (const bucket of ledger.bucketsFrom(from)) {
      for (const entry of ledger.entriesOf(bucket, now)) {
        if (after !== undefined && bucket === from && entry.session <= after) continue;
        const listed = this.listed(entry);
        if (listed === undefined) continue;
        if (rows.length === most) return { rows, cursor: rows.at(-1)?.session };
        rows.push(listed);
      }
    }
    return { rows, cursor: undefined };
  }

  async show(pool: PoolName, session: SessionId): Promise<ShownSlot> {
    const { slots } = this.#parts;
    const { entry, slot } = slots.open(pool, session);
    await slots.settled(session);
    const row = entry === undefined || slot.kind !== 'row' ? undefined : this.listed(entry);
    if (row !== undefined) return { kind: 'row', row };
    return slot.kind === 'ended' ? { kind: 'ended', endsAt: slot.endsAt } : { kind: 'none' };
  }

  /** Of a session that has no row the home is not known: all of the pool's origins are raised, so that its cookie asks here once. */
  async end(
    pool: PoolName,
    session: SessionId,
    { endsAt, origins }: { endsAt: number; origins: readonly OriginId[] },
  ): Promise<Ended> {
    const { slots } = this.#parts;
    const held = slots.open(pool, session);
    const answer = slots.decide(session, held, end(held.slot, { ...operator, endsAt }));
    if (held.slot.kind === 'none') slots.raise(origins);
    await slots.settled(session);
    return answer;
  }

  /** The same without waiting: whoever ends many flushes once. */
  endNow(pool: PoolName, session: SessionId, endsAt: number): void {
    const { slots } = this.#parts;
    const held = slots.open(pool, session);
    slots.decide(session, held, end(held.slot, { ...operator, endsAt }));
  }

  /** Undefined for the mark of an ended session. */
  listed({ session, slot, state }: Entry): ListedRow | undefined {
    return slot.kind === 'row' ? { ...slot.row, session, stateBytes: this.stateBytes(state) } : undefined;
  }

  stateBytes(state: StoredState): number {
    if (state.kind === 'none') return 0;
    return state.kind === 'inline' ? state.bytes.length : this.#parts.tables.chunkBytes(state.id);
  }
}
