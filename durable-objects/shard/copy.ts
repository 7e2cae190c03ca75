import type { SessionId } from '../../worker/core/ids.ts';
import { bucketOf, buckets, decodePage } from '../../worker/core/page.ts';
import { applied, filled, isSettled, judge, type Position } from '../../worker/core/replication.ts';
import { current } from '../../worker/core/row.ts';
import type { ReplicaCopy } from '../../worker/stores/shard-replicas.ts';
import { Intake } from './intake.ts';
import type { Ledger } from './ledger.ts';
import type { Chunk, Pages, Rows } from './replica-object.ts';
import type { Tables } from './tables.ts';

interface CopyParts {
  readonly kept: DurableObjectStorage['kv'];
  readonly tables: Tables;
  readonly ledger: Ledger;
  /** All of it is stored, or none. */
  inOneStep(work: () => void): void;
  /** Something new has come from the shard. */
  heard(): void;
}

/** What a replica has of its shard: pages first, then the log's rows, each in its place. */
export class Copy {
  readonly #parts: CopyParts;
  readonly #intake: Intake;
  #position: Position;
  #at: number;

  constructor(parts: CopyParts) {
    const { kept, tables, ledger } = parts;
    this.#parts = parts;
    this.#intake = new Intake(tables, ledger);
    const position = kept.get<Position>('position') ?? { kind: 'blank' };
    // The log itself says how far it goes: no row of its own for each batch.
    this.#position = position.kind === 'following' ? { ...position, seq: ledger.last } : position;
    // Kept with each fold only: after an eviction the copy counts as older than it is, never as younger.
    this.#at = kept.get<number>('at') ?? 0;
  }

  get position(): Position {
    return this.#position;
  }

  /** By the shard's clock: as of when the copy is true. */
  get at(): number {
    return this.#at;
  }

  /** As of one moment. */
  get isWhole(): boolean {
    return isSettled(this.#position);
  }

  keepTime(): void {
    this.#parts.kept.put('at', this.#at);
  }

  forget(): void {
    this.#parts.ledger.startOver(0);
    this.#stand({ kind: 'blank' });
  }

  begin(stream: string, from: number): void {
    this.#parts.ledger.startOver(from);
    this.#stand({ kind: 'filling', stream, from, bucket: 0, settledAt: from });
  }

  takeChunks(chunks: readonly Chunk[]): void {
    for (const { id, part, body } of chunks) this.#parts.tables.writeChunk(id, part, new Uint8Array(body));
  }

  fill(pages: Pages): Position {
    const next = filled(this.#position, pages, buckets);
    if (next === 'gap' || !this.#intake.hasAll(pages.sent)) return this.#position;
    const entries = pages.pages.flatMap(({ body }) => decodePage(body));
    this.#parts.inOneStep(() => {
      this.#intake.dropHoles(entries, pages.sent);
      for (const [bucket, page] of Map.groupBy(entries, ({ session }) => bucketOf(session)))
        this.#parts.ledger.fill(bucket, page);
      this.#stand(next);
    });
    this.#heard(pages.at);
    return this.#position;
  }

  append(rows: Rows): Position {
    if (judge(this.#position, rows) === 'apply' && this.#intake.hasAll(rows.sent)) this.#apply(rows);
    return this.#position;
  }

  find(session: SessionId, now: number): ReplicaCopy {
    const entry = this.isWhole ? this.#parts.ledger.find(session) : undefined;
    if (entry === undefined) return { kind: 'none' };
    const slot = current(entry.slot, now);
    if (slot.kind === 'ended') return { kind: 'ended' };
    const state = this.#intake.hasState(entry) ? this.#parts.ledger.sealed(entry.state) : undefined;
    if (slot.kind === 'none' || state === undefined) return { kind: 'none' };
    return { kind: 'copy', row: slot.row, state, at: this.#at };
  }

  #apply(rows: Rows): void {
    const position = this.#position;
    if (position.kind !== 'following') return;
    const fresh = rows.rows.filter(({ seq }) => seq > position.seq);
    this.#parts.inOneStep(() => {
      const next = applied(position, rows, this.#intake.append(fresh, rows.sent));
      if (next.settledAt === position.settledAt) this.#position = next;
      else this.#stand(next);
    });
    this.#heard(rows.at);
  }

  #heard(at: number): void {
    this.#at = Math.max(this.#at, at);
    this.#parts.heard();
  }

  #stand(position: Position): void {
    this.#parts.kept.put('position', position);
    this.#position = position;
  }
}
