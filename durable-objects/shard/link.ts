import { buckets, encodePages } from '../../worker/core/page.ts';
import { type Feed, isSettled, nextStep, type Position } from '../../worker/core/replication.ts';
import type { Ledger } from './ledger.ts';
import { ChunksSent, parcelsOf } from './parcels.ts';
import type { Of, Pages, ReplicaSink } from './replica-object.ts';
import type { Tables } from './tables.ts';

/** Rows or pages of one call. */
const parcelBytes = 1024 * 1024;
/** Calls under way at once, so that a far replica is not a round trip behind for each of them. */
const window = 4;
/** The first call makes the object, perhaps on another continent. */
const patienceMs = 10_000;
const pauseMs = { first: 50, most: 5_000 };

export interface Source {
  readonly ledger: Ledger;
  readonly tables: Tables;
  of(): Of;
  feed(): Feed;
  /** Stores the open group: nothing leaves before it is stored. */
  flush(): void;
  /** The replica has the log up to a higher number than before. */
  confirmed(): void;
}

/** One replica as its shard sees it: what it has, what is on the way, what comes next. */
export class Link {
  readonly name: string;
  readonly #source: Source;
  readonly #connect: () => ReplicaSink;
  /** As the replica last said; undefined while it must be asked. */
  #position: Position | undefined;
  #stub: ReplicaSink | undefined;
  /** Answers that are awaited, oldest first. */
  #underWay: Promise<Position>[] = [];
  #sentUpTo = 0;
  readonly #chunksSent: ChunksSent;
  #isLoading = false;
  /** Rises with each loss: what an earlier life began goes no further. */
  #life = 0;
  #confirmed = 0;
  #acknowledged = 0;
  #failures = 0;
  #isRunning = false;
  #isClosed = false;

  constructor(name: string, source: Source, connect: () => ReplicaSink) {
    this.name = name;
    this.#source = source;
    this.#connect = connect;
    this.#chunksSent = new ChunksSent(source.tables);
  }

  /** Up to here the replica has everything, states included: what a quorum counts. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Up to here the log is needed here no more, also while it is away. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  get state(): 'following' | 'filling' | 'away' {
    if (this.#failures > 0 || this.#position === undefined) return 'away';
    return this.#position.kind === 'following' ? 'following' : 'filling';
  }

  get isBehind(): boolean {
    return this.#position?.kind !== 'following' || this.#position.seq < this.#source.ledger.last;
  }

  /** There is something to send. */
  wake(): void {
    if (this.#isClosed) return;
    if (this.#isRunning) this.#pump();
    else if (this.#failures === 0) void this.#run();
  }

  /** The same after a failure, without the pause. */
  retry(): void {
    this.#failures = 0;
    this.wake();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (!this.#isClosed && (this.isBehind || this.#underWay.length > 0)) await this.#step();
      this.#failures = 0;
    } catch (error) {
      this.#lost(error);
    } finally {
      this.#isRunning = false;
    }
    if (this.#failures === 0 && this.isBehind) this.wake();
  }

  async #step(): Promise<void> {
    const { of, feed } = this.#source;
    this.#stub ??= this.#connect();
    if (this.#position === undefined) return this.#resumeAt(await within(this.#stub.position(of())));
    const now = feed();
    const step = nextStep(this.#position, now);
    if (step.kind === 'begin')
      return this.#resumeAt(await within(this.#stub.begin(of(), now.stream, step.from)));
    if (step.kind === 'fill') return this.#resumeAt(await this.#fill(this.#stub, step));
    this.#pump();
    const said = await this.#underWay.shift();
    if (said !== undefined) this.#stand(said);
  }

  #resumeAt(position: Position): void {
    this.#sentUpTo = position.kind === 'following' ? position.seq : 0;
    this.#stand(position);
  }

  #stand(position: Position): void {
    this.#position = position;
    this.#acknowledged = acknowledgedBy(position);
    if (!isSettled(position) || position.seq <= this.#confirmed) return;
    this.#confirmed = position.seq;
    this.#source.confirmed();
  }

  #pump(): void {
    const stub = this.#stub;
    if (stub === undefined || this.#position?.kind !== 'following') return;
    while (!this.#isLoading && this.#underWay.length < window && this.#sentUpTo < this.#source.ledger.last) {
      const said = within(this.#append(stub));
      // Awaited in its turn; until then its failure is nobody's.
      said.catch(() => undefined);
      this.#underWay.push(said);
    }
  }

  /** Everything up to the call happens at once, or nothing else is sent meanwhile: calls leave in the order of the log. */
  async #append(stub: ReplicaSink): Promise<Position> {
    const { ledger, tables, of, feed } = this.#source;
    const [after, { stream }] = [this.#sentUpTo, feed()];
    const rows = tables.logRows(after, parcelBytes);
    const upTo = rows.at(-1)?.seq ?? after;
    if (rows[0]?.seq !== after + 1) throw new Error(`the log was cut behind ${after}`);
    this.#sentUpTo = upTo;
    const { missing, sent } = this.#chunksSent.for(rows.map(({ body }) => body));
    if (missing.length > 0) await this.#sendChunks(stub, missing);
    // The newest row is looked up last: a chunk that was replaced meanwhile has a newer row behind it.
    const { last } = ledger;
    const said = within(stub.append(of(), { stream, after, upTo, last, rows, sent, at: Date.now() }));
    if (missing.length > 0) this.#pump();
    const position = await said;
    if (position.kind !== 'following' || position.seq < upTo)
      throw new Error(`it stands at ${JSON.stringify(position)} and cannot take the log after ${after}`);
    return position;
  }

  /** One parcel after the other: all of them might not fit into memory. */
  async #sendChunks(stub: ReplicaSink, ids: readonly string[]): Promise<void> {
    const life = this.#life;
    this.#isLoading = true;
    try {
      for (const chunks of parcelsOf(ids, this.#source.tables)) {
        await within(stub.chunks(this.#source.of(), chunks));
        if (life !== this.#life) throw new Error('the replica was lost meanwhile, and is asked anew');
      }
    } finally {
      if (life === this.#life) this.#isLoading = false;
    }
  }

  /** Some pages, each with the chunks of its states before it. */
  async #fill(stub: ReplicaSink, { from, bucket }: { from: number; bucket: number }): Promise<Position> {
    const { ledger, flush, of, feed } = this.#source;
    flush();
    const at = Date.now();
    const { pages, next } = this.#pagesFrom(bucket, at);
    const { missing, sent } = this.#chunksSent.for(pages.map(({ body }) => body));
    await this.#sendChunks(stub, missing);
    // Read last, as above.
    const { last } = ledger;
    return within(stub.fill(of(), { stream: feed().stream, from, bucket, next, last, pages, sent, at }));
  }

  #pagesFrom(bucket: number, now: number): { pages: Pages['pages'][number][]; next: number } {
    const pages: Pages['pages'][number][] = [];
    let bytes = 0;
    for (const due of this.#source.ledger.bucketsFrom(bucket)) {
      if (bytes >= parcelBytes) return { pages, next: due };
      for (const body of encodePages(this.#source.ledger.entriesOf(due, now), parcelBytes)) {
        pages.push({ bucket: due, body: body.buffer });
        bytes += body.length;
      }
    }
    return { pages, next: buckets };
  }

  /** Asked anew after a pause that grows; what was on the way is sent again. */
  #lost(error: unknown): void {
    if (this.#failures === 0) console.error(`The replica ${this.name} is not followed by: ${String(error)}`);
    this.#position = undefined;
    this.#stub = undefined;
    this.#underWay = [];
    this.#life++;
    this.#isLoading = false;
    this.#chunksSent.forget();
    const waitMs = Math.min(pauseMs.most, pauseMs.first * 2 ** this.#failures++);
    setTimeout(() => {
      if (!this.#isRunning && !this.#isClosed) void this.#run();
    }, waitMs);
  }
}

function acknowledgedBy(position: Position): number {
  if (position.kind === 'blank') return 0;
  return position.kind === 'filling' ? position.from : position.seq;
}

async function within<Value>(work: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
