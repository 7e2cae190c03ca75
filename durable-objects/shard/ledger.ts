import type { SessionId } from '../../worker/core/ids.ts';
import { Lru } from '../../worker/core/lru.ts';
import {
  bucketOf,
  decodePage,
  type Entry,
  encodePage,
  encodePages,
  noState,
  type StoredState,
} from '../../worker/core/page.ts';
import { current } from '../../worker/core/row.ts';
import { parseSessionId } from '../../worker/core/session-id.ts';
import type { SealedState } from '../../worker/ports.ts';
import { BigStates, chunksOf, inlineBytesMax, pageBytesMax } from './big-states.ts';
import type { Group } from './groups.ts';
import type { Tables } from './tables.ts';

const logEntriesMax = 2_000;
const logBytesMax = 4 * 1024 * 1024;
const pagesInMemory = 16;

/** What the shard holds: the log's entries in memory, the rest in pages that are read when asked for. */
export class Ledger {
  readonly #storage: DurableObjectStorage;
  readonly #tables: Tables;
  readonly #bigStates: BigStates;
  #pages = new Lru<Map<SessionId, Entry>>(pagesInMemory);
  /** What is in the log only; newer than all else. */
  #unfolded = new Map<SessionId, Entry>();
  /** What is on its way into the pages; newer than they are. */
  #folding = new Map<SessionId, Entry>();
  #logged = { entries: 0, bytes: 0 };
  /** Numbers of log rows never return: replicas remember them. */
  #last: number;
  /** How often it was started over: a fold of what was held before must not go on. */
  #starts = 0;
  readonly #mayGo: (folded: number) => number;

  /** `mayGo`: of the rows that are in the pages, up to which one they may be deleted. */
  constructor(storage: DurableObjectStorage, tables: Tables, mayGo = (folded: number) => folded) {
    this.#storage = storage;
    this.#tables = tables;
    this.#bigStates = new BigStates(tables);
    this.#mayGo = mayGo;
    const folded = storage.kv.get<number>('folded') ?? 0;
    this.#last = Math.max(folded, tables.lastLogged());
    for (const body of tables.log(folded)) this.#load(body);
  }

  /** The newest row of the log that is stored, or was before it was folded. */
  get last(): number {
    return this.#last;
  }

  /** The log's rows up to this one are gone. */
  get cut(): number {
    return (this.#tables.firstLogged() ?? this.#last + 1) - 1;
  }

  get hasUnfolded(): boolean {
    return this.#unfolded.size > 0;
  }

  get logEntries(): number {
    return this.#logged.entries;
  }

  /** The log has grown past what a wake should have to read. */
  get isLogFull(): boolean {
    return this.#logged.entries >= logEntriesMax || this.#logged.bytes >= logBytesMax;
  }

  find(session: SessionId): Entry | undefined {
    return (
      this.#unfolded.get(session) ?? this.#folding.get(session) ?? this.#page(bucketOf(session)).get(session)
    );
  }

  /** The state in one piece and a copy of its own: a view would send its whole page along. */
  sealed(state: StoredState): SealedState | undefined {
    if (state.kind === 'none') return undefined;
    const { seal, epoch } = state;
    if (state.kind === 'inline') return { bytes: state.bytes.slice(), seal, epoch };
    return { bytes: this.#bigStates.whole(state.id), seal, epoch };
  }

  /** Decisions stand in memory at once; the group stores them. */
  write(group: Group, entry: Entry): void {
    group.entries.set(entry.session, entry);
    this.#unfolded.set(entry.session, entry);
  }

  store(group: Group): void {
    this.#storage.transactionSync(() => {
      for (const id of group.replaced) this.#tables.deleteChunks(id);
      const entries = Array.from(group.entries.values(), (entry) =>
        this.#bigStates.apart(entry, inlineBytesMax),
      );
      for (const body of encodePages(entries, pageBytesMax)) {
        this.#tables.appendLog(++this.#last, body);
        this.#logged.bytes += body.length;
      }
      for (const entry of entries) this.#remember(entry);
      for (const origin of group.raises) this.#tables.addRaise(origin);
    });
  }

  /** A row of another shard's log, after all that are here. What it replaces, it replaces with its chunks, but for those that a later row of `sent` needs. */
  append(seq: number, body: Uint8Array<ArrayBuffer>, sent: ReadonlySet<string>): void {
    for (const { session, state } of decodePage(body)) {
      const old = chunksOf(this.find(session)?.state ?? noState);
      if (old !== undefined && old !== chunksOf(state) && !sent.has(old)) this.#tables.deleteChunks(old);
    }
    this.#tables.appendLog(seq, body);
    this.#last = seq;
    this.#load(body);
  }

  /** Holds nothing, and the next row is the one after `last`. */
  startOver(last: number): void {
    this.#tables.clear();
    this.#storage.kv.put('folded', last);
    this.#starts++;
    this.#unfolded = new Map();
    this.#folding = new Map();
    this.#logged = { entries: 0, bytes: 0 };
    this.#pages = new Lru<Map<SessionId, Entry>>(pagesInMemory);
    this.#last = last;
  }

  /** A page as another shard has it. */
  fill(bucket: number, entries: readonly Entry[]): void {
    this.#tables.writePage(bucket, encodePage(this.#bigStates.fitting(entries)));
    this.#pages.delete(`${bucket}`);
  }

  /**
   * Moves the log into the pages, one page per step, and drops what has expired. Each step yields the page's number and when
   * its last session ends. The log stays until the last step: whatever interrupts it, the log is newer than any page.
   */
  *fold(now: number): Generator<[bucket: number, endsAt: number]> {
    const [upTo, logged, starts] = [this.#last, this.#logged, this.#starts];
    this.#folding = this.#unfolded;
    this.#unfolded = new Map();
    this.#logged = { entries: 0, bytes: 0 };
    let isDone = false;
    try {
      for (const [bucket, newer] of Map.groupBy(this.#folding.values(), (entry) => bucketOf(entry.session))) {
        yield [bucket, this.#rewrite(bucket, newer, now)];
        if (starts !== this.#starts) return;
      }
      this.#storage.transactionSync(() => {
        this.#storage.kv.put('folded', upTo);
        this.#tables.deleteLog(this.#mayGo(upTo));
      });
      isDone = true;
    } finally {
      if (!isDone && starts === this.#starts) this.#unfold(logged);
      this.#folding = new Map();
    }
  }

  /** Chunks that came for a row which did not. */
  dropOrphans(): void {
    for (const id of this.#tables.chunkIds()) {
      const session = parseSessionId(id.slice(0, id.indexOf(':')));
      const entry = session === undefined ? undefined : this.find(session);
      if (entry === undefined || chunksOf(entry.state) !== id) this.#tables.deleteChunks(id);
    }
  }

  /** Drops what is in the pages and was kept for a replica that has it by now. */
  trim(): void {
    const upTo = this.#mayGo(this.#storage.kv.get<number>('folded') ?? 0);
    if ((this.#tables.firstLogged() ?? Number.POSITIVE_INFINITY) <= upTo) this.#tables.deleteLog(upTo);
  }

  /** Drops what has expired from pages that no write touches. */
  *sweep(pages: readonly number[], now: number): Generator<[bucket: number, endsAt: number]> {
    for (const bucket of pages) {
      if (this.#read(bucket).some((entry) => !isAlive(entry, now)))
        yield [bucket, this.#rewrite(bucket, [], now)];
    }
  }

  /** Everything of one bucket that is alive, in the order of the ids. */
  entriesOf(bucket: number, now: number, newer = this.newer().get(bucket)): Entry[] {
    const merged = new Map([...byId(this.#read(bucket)), ...byId(newer ?? [])]);
    const alive = [...merged.values()].filter((entry) => isAlive(entry, now));
    return alive.sort((left, right) => (left.session < right.session ? -1 : 1));
  }

  /** What is in no page yet, by bucket: sorted once by who walks through many of them. */
  newer(): Map<number, Entry[]> {
    const entries = [...this.#folding.values(), ...this.#unfolded.values()];
    return Map.groupBy(entries, ({ session }) => bucketOf(session));
  }

  bucketsFrom(bucket: number): number[] {
    const newer = [...this.newer().keys()].filter((other) => other >= bucket);
    return [...new Set([...this.#tables.pagesFrom(bucket), ...newer])].sort((left, right) => left - right);
  }

  /** A fold that did not come to its end has changed nothing that counts: the log still has it all. */
  #unfold(logged: { entries: number; bytes: number }): void {
    this.#unfolded = new Map([...this.#folding, ...this.#unfolded]);
    this.#logged = {
      entries: logged.entries + this.#logged.entries,
      bytes: logged.bytes + this.#logged.bytes,
    };
  }

  #load(body: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    for (const entry of decodePage(body)) this.#remember(entry);
    this.#logged.bytes += body.byteLength;
  }

  #remember(entry: Entry): void {
    this.#unfolded.set(entry.session, entry);
    this.#logged.entries++;
  }

  #page(bucket: number): Map<SessionId, Entry> {
    const held = this.#pages.get(`${bucket}`);
    if (held !== undefined) return held;
    const page = byId(this.#read(bucket));
    this.#pages.set(`${bucket}`, page);
    return page;
  }

  #read(bucket: number): Entry[] {
    const body = this.#tables.page(bucket);
    return body === undefined ? [] : decodePage(body);
  }

  /** Answers with the time at which the page's last session ends. */
  #rewrite(bucket: number, newer: readonly Entry[], now: number): number {
    const page = byId(this.#read(bucket));
    const merged = new Map([...page, ...byId(newer)]);
    const entries = [...merged.values()].filter((entry) => isAlive(entry, now));
    const kept = new Set(entries.map(({ state }) => chunksOf(state)));
    this.#storage.transactionSync(() => {
      for (const { state } of [...page.values(), ...newer]) {
        const id = chunksOf(state);
        if (id !== undefined && !kept.has(id)) this.#tables.deleteChunks(id);
      }
      if (entries.length === 0) this.#tables.deletePage(bucket);
      else this.#tables.writePage(bucket, encodePage(this.#bigStates.fitting(entries)));
    });
    this.#pages.delete(`${bucket}`);
    return entries.reduce(
      (latest, { slot }) => Math.max(latest, slot.kind === 'row' ? slot.row.endsAt : slot.endsAt),
      now,
    );
  }
}

function byId(entries: readonly Entry[]): Map<SessionId, Entry> {
  return new Map(entries.map((entry) => [entry.session, entry]));
}

function isAlive(entry: Entry, now: number): boolean {
  return current(entry.slot, now).kind !== 'none';
}
