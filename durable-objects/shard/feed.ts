import {
  adopted,
  cutAt,
  type Feed as FeedState,
  type Lag,
  type Replication,
  replicaName,
  samePlaces,
  unreplicated,
} from '../../worker/core/replication.ts';
import { type PlacedObjects, replicaAt } from '../../worker/stores/shard-replicas.ts';
import { shardName } from '../../worker/stores/session-shards.ts';
import { lineName } from '../../worker/core/promotion.ts';
import type { Ledger } from './ledger.ts';
import { Link } from './link.ts';
import type { ShardName } from './address.ts';
import { confirming, type Of, type ReplicaSink } from './replica-object.ts';
import type { Tables } from './tables.ts';

/** What the log keeps for a replica that is away: a day of quiet, some minutes of a storm. Then it must be filled anew. */
const backlogMost = { rows: 10_000, bytes: 16 * 1024 * 1024 };
/** Shorter than an edge waits for its shard. */
const quorumMs = 900;
const remembered = 1_024;
const catchUpPauseMs = 20;

interface FeedParts {
  readonly generation: number;
  readonly storage: DurableObjectStorage;
  readonly ledger: Ledger;
  readonly tables: Tables;
  of(): ShardName;
  /** A replaced shard has no replicas any more. */
  isReplaced(): boolean;
  /** A replica has answered what was sent then. */
  heard(sentAt: number): void;
  objects(): PlacedObjects<ReplicaSink>;
  flush(): void;
}

/** The shard's log on its way to the replicas. */
export class Feed {
  readonly #parts: FeedParts;
  #replication: Replication;
  #stream: string;
  #links: readonly Link[] = [];
  #waiting: { readonly seq: number; resolve(isKept: boolean): void }[] = [];
  /** When the newest rows were stored. */
  #storedAt: { readonly seq: number; readonly at: number }[] = [];

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#replication = parts.storage.kv.get<Replication>('replication') ?? unreplicated;
    this.#stream = parts.storage.kv.get<string>('stream') ?? '';
  }

  get isBehind(): boolean {
    return this.#links.some(({ isBehind }) => isBehind);
  }

  get hasReplicas(): boolean {
    return this.#replication.places.length > 0;
  }

  /** An earlier life may have left something unsent. */
  wake(): void {
    this.#connect();
    for (const link of this.#links) link.wake();
  }

  /** What the caller's configuration says of replicas. */
  adopt(told: Replication): 'changed' | 'same' {
    const held = this.#replication;
    this.#replication = adopted(held, told);
    if (samePlaces(held, this.#replication)) return 'same';
    this.#parts.storage.kv.put('replication', this.#replication);
    this.#connect();
    for (const link of this.#links) link.wake();
    return 'changed';
  }

  /** A group was stored. */
  stored(now: number): void {
    if (this.#links.length === 0) return;
    if (this.#storedAt.length < remembered) this.#storedAt.push({ seq: this.#parts.ledger.last, at: now });
    for (const link of this.#links) link.wake();
  }

  /** The alarm: those that failed are tried again. */
  retry(): void {
    for (const link of this.#links) link.retry();
  }

  /** Whether a replica has everything that the shard has now. */
  async isKeptElsewhere(): Promise<boolean> {
    const { last } = this.#parts.ledger;
    if (this.#links.some(({ confirmed }) => confirmed >= last)) return true;
    if (this.#links.length === 0) return false;
    for (const link of this.#links) link.wake();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter = { seq: last, resolve };
    this.#waiting.push(waiter);
    const timer = setTimeout(() => resolve(false), quorumMs);
    const isKept = await promise;
    clearTimeout(timer);
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    return isKept;
  }

  /** Waits until this replica has everything; false when it is none of them, or does not come so far in time. */
  async isKeptAt(name: string, patienceMs: number): Promise<boolean> {
    const link = this.#links.find((one) => one.name === name);
    if (link === undefined) return false;
    for (const until = Date.now() + patienceMs; Date.now() < until; ) {
      if (link.confirmed >= this.#parts.ledger.last) return true;
      link.retry();
      await new Promise((resolve) => setTimeout(resolve, catchUpPauseMs));
    }
    return false;
  }

  /** Resolves when one of the replicas still takes this object's log. */
  async ask(): Promise<unknown> {
    const line = this.#line();
    return Promise.any(
      this.#replication.places.map((place, index) =>
        replicaAt(this.#parts.objects(), line, place, index).position(this.#of()),
      ),
    );
  }

  close(): void {
    for (const link of this.#links) link.close();
    this.#links = [];
  }

  /** Of the folded rows, up to which one no replica needs them. */
  mayGo(folded: number): number {
    if (this.#links.length === 0) return folded;
    const acknowledged = this.#links.map((link) => link.acknowledged);
    return cutAt(folded, acknowledged, this.#parts.tables.logSizes(), backlogMost);
  }

  lags(now: number): Lag[] {
    const { last } = this.#parts.ledger;
    return this.#links.map(({ name, state, acknowledged }) => {
      const oldest = this.#storedAt.find(({ seq }) => seq > acknowledged);
      const msBehind = acknowledged >= last ? 0 : now - (oldest?.at ?? now);
      return { replica: name, state, seqBehind: Math.max(0, last - acknowledged), msBehind };
    });
  }

  #connect(): void {
    for (const link of this.#links) link.close();
    if (this.#parts.isReplaced()) return this.close();
    const { places } = this.#replication;
    if (places.length > 0 && this.#stream === '') this.#newStream();
    const line = this.#line();
    const source = {
      ...this.#parts,
      of: () => this.#of(),
      feed: () => this.#state(),
      confirmed: () => this.#confirmed(),
    };
    this.#links = places.map(
      (place, index) =>
        new Link(replicaName(line, place, index), source, () =>
          confirming(replicaAt(this.#parts.objects(), line, place, index), this.#parts.heard),
        ),
    );
  }

  #line(): string {
    const { pool, shard } = this.#parts.of();
    return lineName(shardName(pool, shard), this.#parts.generation);
  }

  #of(): Of {
    return { ...this.#parts.of(), generation: this.#parts.generation };
  }

  /** Another life of this storage would count its rows anew: replicas must not take them for these. */
  #newStream(): void {
    this.#stream = crypto.randomUUID();
    this.#parts.storage.kv.put('stream', this.#stream);
  }

  #state(): FeedState {
    const { cut, last } = this.#parts.ledger;
    return { stream: this.#stream, cut, last };
  }

  #confirmed(): void {
    const most = Math.max(0, ...this.#links.map(({ confirmed }) => confirmed));
    for (const { seq, resolve } of this.#waiting) if (seq <= most) resolve(true);
    const least = Math.min(...this.#links.map(({ acknowledged }) => acknowledged));
    this.#storedAt = this.#storedAt.filter(({ seq }) => seq > least);
  }
}
