import { DurableObject } from 'cloudflare:workers';
import type { PoolName, SessionId } from '../worker/core/ids.ts';
import { firstObject, notPromotedText, type Promotion } from '../worker/core/promotion.ts';
import type { Position, Replication } from '../worker/core/replication.ts';
import { shardOf } from '../worker/core/session-id.ts';
import type { ReplicaStanding } from '../worker/ports.ts';
import type { ReplicaCopy } from '../worker/stores/shard-replicas.ts';
import { SessionShard } from './session-shard.ts';
import { Address } from './shard/address.ts';
import { Copy } from './shard/copy.ts';
import type { ShardEnv } from './shard/env.ts';
import { Ledger } from './shard/ledger.ts';
import type { Chunk, Of, Pages, Rows } from './shard/replica-object.ts';
import { ReplicaUpkeep } from './shard/replica-upkeep.ts';
import { Tables } from './shard/tables.ts';

export interface ReplicaStats {
  readonly position: Position;
  /** By the shard's clock: as of when the copy is true. */
  readonly at: number;
  readonly logRows: number;
  readonly pages: number;
  readonly chunks: number;
}

export type Promoted =
  | { readonly kind: 'promoted'; readonly by: Promotion }
  /** It holds nothing, or what is of several moments. */
  | { readonly kind: 'not whole' }
  /** Another attempt has begun since. */
  | { readonly kind: 'overtaken' };

/**
 * A copy of one shard, somewhere else. It applies the shard's log in order, is read when the shard is away, and decides nothing, until an operator
 * promotes it: from then on it is the shard.
 */
export class ShardReplica extends DurableObject<ShardEnv> {
  readonly #address: Address;
  readonly #tables: Tables;
  readonly #ledger: Ledger;
  readonly #copy: Copy;
  readonly #upkeep: ReplicaUpkeep;
  /** Shards' objects of a lower generation are not listened to any more. */
  #closedTo: number;
  #shard: SessionShard | undefined;

  constructor(ctx: DurableObjectState, env: ShardEnv) {
    super(ctx, env);
    const { storage } = ctx;
    this.#address = new Address(storage);
    this.#tables = new Tables(storage.sql);
    this.#ledger = new Ledger(storage, this.#tables);
    this.#upkeep = new ReplicaUpkeep(storage, this.#tables, this.#ledger, () => this.#copy.keepTime());
    this.#copy = new Copy({
      kept: storage.kv,
      tables: this.#tables,
      ledger: this.#ledger,
      inOneStep: (work) => this.#inOneStep(work),
      heard: () => this.#upkeep.stored(),
    });
    this.#closedTo = storage.kv.get<number>('closedTo') ?? 0;
    if (this.#promotion === undefined) ctx.blockConcurrencyWhile(() => this.#upkeep.wake());
    else this.#shard = new SessionShard(ctx, env);
  }

  async position(of: Of): Promise<Position> {
    this.#mustListen(of);
    return this.#copy.position;
  }

  /** Forgets all and waits for the pages. */
  async begin(of: Of, stream: string, from: number): Promise<Position> {
    this.#mustListen(of);
    this.#inOneStep(() => {
      this.#copy.begin(stream, from);
      this.#address.keep();
    });
    return this.#copy.position;
  }

  async chunks(of: Of, chunks: readonly Chunk[]): Promise<void> {
    this.#mustListen(of);
    this.#copy.takeChunks(chunks);
  }

  async fill(of: Of, pages: Pages): Promise<Position> {
    this.#mustListen(of);
    return this.#copy.fill(pages);
  }

  async append(of: Of, rows: Rows): Promise<Position> {
    this.#mustListen(of);
    return this.#copy.append(rows);
  }

  /** A session as this copy has it, for when its shard is away. */
  async read(pool: PoolName, session: SessionId): Promise<ReplicaCopy> {
    this.#address.mustBe({ pool, shard: shardOf(session) });
    return this.#shard === undefined ? this.#copy.find(session, Date.now()) : { kind: 'none' };
  }

  /** Moves the log into the pages now. The alarm and a full log do it by themselves. */
  async fold(): Promise<void> {
    await (this.#shard ?? this.#upkeep).fold();
  }

  async stats(): Promise<ReplicaStats> {
    const [logRows, pages, chunks] = [
      this.#tables.count('log'),
      this.#tables.count('page'),
      this.#tables.count('chunk'),
    ];
    const { position, at } = this.#copy;
    return { position, at, logRows, pages, chunks };
  }

  override async alarm(): Promise<void> {
    await (this.#shard ?? this.#upkeep).alarm();
  }

  /** How it stands, for choosing which one is promoted. */
  async standing(of: Of): Promise<ReplicaStanding> {
    this.#address.mustBe(of);
    const { position, isWhole, at } = this.#copy;
    const seq = position.kind === 'following' ? position.seq : 0;
    const { generation } = this.#promotion ?? firstObject;
    return { generation, closedTo: this.#closedTo, isWhole, seq, at };
  }

  /** Takes nothing more of objects below this generation: none of them can acknowledge by it, or be confirmed by it. */
  async closeTo(of: Of, generation: number): Promise<ReplicaStanding> {
    this.#address.mustBe(of);
    this.#closed(Math.max(generation, this.#closedTo));
    return this.standing(of);
  }

  /**
   * A promotion that was given up: it follows again. One that was promoted and never recorded has answered nobody, and begins anew. What a later attempt
   * has closed is that one's: the shard may have handed over to it.
   */
  async reopen(of: Of, attempt: number): Promise<'reopened' | 'overtaken'> {
    this.#address.mustBe(of);
    if (this.#closedTo > attempt) return 'overtaken';
    const isForgotten = this.#promotion !== undefined;
    if (this.ctx.storage.kv.get('recorded') === true)
      throw new Error(`Cannot make a replica of the shard ${of.pool}:${of.shard} again`);
    this.#inOneStep(() => {
      this.#closed(of.generation);
      if (isForgotten) this.#forget();
    });
    if (isForgotten) this.ctx.abort('it is a replica again');
    return 'reopened';
  }

  /** Is the shard from now on, as far as the attempt that has closed it stands. */
  async promote(of: Of, attempt: number, by: Promotion, replication: Replication): Promise<Promoted> {
    this.#address.mustBe(of);
    if (this.#promotion !== undefined) return { kind: 'promoted', by: this.#promotion };
    if (!this.#copy.isWhole) return { kind: 'not whole' };
    // What is on its way into the pages must not go on below the new shard.
    await this.#upkeep.fold();
    if (this.#closedTo !== attempt) return { kind: 'overtaken' };
    this.#shard ??= this.#become(by, replication);
    return { kind: 'promoted', by: this.#promotion ?? by };
  }

  async locate(...words: Parameters<SessionShard['locate']>) {
    return this.#promoted.locate(...words);
  }

  async claim(...words: Parameters<SessionShard['claim']>) {
    return this.#promoted.claim(...words);
  }

  async put(...words: Parameters<SessionShard['put']>) {
    return this.#promoted.put(...words);
  }

  async label(...words: Parameters<SessionShard['label']>) {
    return this.#promoted.label(...words);
  }

  async renew(...words: Parameters<SessionShard['renew']>) {
    return this.#promoted.renew(...words);
  }

  async end(...words: Parameters<SessionShard['end']>) {
    return this.#promoted.end(...words);
  }

  async rotate(...words: Parameters<SessionShard['rotate']>) {
    return this.#promoted.rotate(...words);
  }

  async list(...words: Parameters<SessionShard['list']>) {
    return this.#promoted.list(...words);
  }

  async show(...words: Parameters<SessionShard['show']>) {
    return this.#promoted.show(...words);
  }

  async endByOperator(...words: Parameters<SessionShard['endByOperator']>) {
    return this.#promoted.endByOperator(...words);
  }

  async endSubject(...words: Parameters<SessionShard['endSubject']>) {
    return this.#promoted.endSubject(...words);
  }

  async exportSubject(...words: Parameters<SessionShard['exportSubject']>) {
    return this.#promoted.exportSubject(...words);
  }

  async eraseSubject(...words: Parameters<SessionShard['eraseSubject']>) {
    return this.#promoted.eraseSubject(...words);
  }

  async standFor(...words: Parameters<SessionShard['standFor']>) {
    return this.#promoted.standFor(...words);
  }

  async copies(...words: Parameters<SessionShard['copies']>) {
    return this.#promoted.copies(...words);
  }

  async makeWay(...words: Parameters<SessionShard['makeWay']>) {
    return this.#promoted.makeWay(...words);
  }

  async swap(...words: Parameters<SessionShard['swap']>) {
    return this.#promoted.swap(...words);
  }

  async residents(...words: Parameters<SessionShard['residents']>) {
    return this.#promoted.residents(...words);
  }

  async handOver(...words: Parameters<SessionShard['handOver']>) {
    return this.#promoted.handOver(...words);
  }

  get #promotion(): Promotion | undefined {
    return this.ctx.storage.kv.get<Promotion>('promotion');
  }

  get #promoted(): SessionShard {
    if (this.#shard === undefined) throw new Error(notPromotedText(this.#address.name.shard));
    return this.#shard;
  }

  /** The same tables under a shard's hands; its replicas are others, filled afresh from a stream of its own. */
  #become(by: Promotion, replication: Replication): SessionShard {
    const { kv } = this.ctx.storage;
    this.#inOneStep(() => {
      this.#ledger.dropOrphans();
      kv.put('replication', replication);
      kv.put('stream', '');
      kv.put('promotion', by);
    });
    return new SessionShard(this.ctx, this.env);
  }

  #forget(): void {
    this.#copy.forget();
    this.ctx.storage.kv.delete('promotion');
    this.ctx.storage.kv.delete('stream');
    this.ctx.storage.kv.delete('replication');
  }

  #mustListen(of: Of): void {
    this.#address.mustBe(of);
    if (this.#shard === undefined && of.generation >= this.#closedTo) return;
    throw new Error(`Cannot follow generation ${of.generation} of ${of.pool}:${of.shard} any more`);
  }

  #closed(generation: number): void {
    this.ctx.storage.kv.put('closedTo', generation);
    this.#closedTo = generation;
  }

  /** Memory must not run ahead of storage: what fails half-way starts the object again. */
  #inOneStep(work: () => void): void {
    try {
      this.ctx.storage.transactionSync(work);
    } catch (error) {
      console.error(`A step of a replica was not stored, starting again: ${String(error)}`);
      this.ctx.abort(`a step of a replica was not stored: ${String(error)}`);
      throw error;
    }
  }
}
