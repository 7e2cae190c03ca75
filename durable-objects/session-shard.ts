import { DurableObject } from 'cloudflare:workers';
import type { Ended } from '../worker/core/fence.ts';
import type { OriginId, PoolName, SessionId } from '../worker/core/ids.ts';
import type { Promotion } from '../worker/core/promotion.ts';
import type {
  ExportedSession,
  HandOverWish,
  ListPage,
  Resident,
  ResidentsWish,
  ShardCopies,
  ShownSlot,
  SubjectStep,
  SubjectWish,
} from '../worker/ports.ts';
import type { ShardEnv } from './shard/env.ts';
import { type HandedOver, handOver } from './shard/hand-over.ts';
import { type ShardParts, shardParts } from './shard/parts.ts';
import type { Sessions } from './shard/sessions.ts';
import { type ShardStats, statsOf } from './shard/stats.ts';

/** The single writer of a slice of the pool's sessions. RPC in, core/fence decides, SQL out. */
export class SessionShard extends DurableObject<ShardEnv> {
  readonly #parts: ShardParts;

  constructor(ctx: DurableObjectState, env: ShardEnv) {
    super(ctx, env);
    this.#parts = shardParts(ctx.storage, env, (error) => this.#reset(error));
    ctx.blockConcurrencyWhile(() => this.#parts.upkeep.wake());
  }

  async locate(...asked: Parameters<Sessions['locate']>) {
    return this.#parts.sessions.locate(...asked);
  }

  async read(...asked: Parameters<Sessions['read']>) {
    return this.#parts.sessions.read(...asked);
  }

  async claim(...asked: Parameters<Sessions['claim']>) {
    return this.#parts.sessions.claim(...asked);
  }

  async put(...asked: Parameters<Sessions['put']>) {
    return this.#parts.sessions.put(...asked);
  }

  async swap(...asked: Parameters<Sessions['swap']>) {
    return this.#parts.sessions.swap(...asked);
  }

  async label(...asked: Parameters<Sessions['label']>) {
    return this.#parts.sessions.label(...asked);
  }

  async renew(...asked: Parameters<Sessions['renew']>) {
    return this.#parts.sessions.renew(...asked);
  }

  async end(...asked: Parameters<Sessions['end']>) {
    return this.#parts.sessions.end(...asked);
  }

  async rotate(...asked: Parameters<Sessions['rotate']>) {
    return this.#parts.sessions.rotate(...asked);
  }

  async list(wish: { cursor?: string | undefined; limit: number }): Promise<ListPage> {
    return this.#parts.desk.list(wish, Date.now());
  }

  async show(pool: PoolName, session: SessionId): Promise<ShownSlot> {
    return this.#parts.desk.show(pool, session);
  }

  async endByOperator(
    pool: PoolName,
    session: SessionId,
    wish: { endsAt: number; origins: readonly OriginId[] },
  ): Promise<Ended> {
    return this.#parts.desk.end(pool, session, wish);
  }

  async endSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId>> {
    return this.#parts.subjects.end({ pool, shard }, wish);
  }

  async exportSubject(
    pool: PoolName,
    shard: string,
    wish: SubjectWish,
  ): Promise<SubjectStep<ExportedSession>> {
    return this.#parts.subjects.export({ pool, shard }, wish);
  }

  async eraseSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId>> {
    return this.#parts.subjects.erase({ pool, shard }, wish);
  }

  /** Makes way for a replica that has everything; goes on when none comes so far in time. */
  async makeWay(pool: PoolName, shard: string, to: Promotion): Promise<HandedOver> {
    this.#parts.address.mustBe({ pool, shard });
    return handOver(
      { tenure: this.#parts.tenure, feed: this.#parts.feed, flush: () => this.#parts.groups.flush() },
      to,
    );
  }

  /** An operator is about to replace it: of two who try, the one who has begun later counts. */
  async standFor(pool: PoolName, shard: string, attempt: number): Promise<ShardCopies> {
    this.#parts.tenure.heardOf(attempt);
    return this.copies(pool, shard);
  }

  /** Which of the shard's objects this is, and how far its replicas are behind. */
  async copies(pool: PoolName, shard: string): Promise<ShardCopies> {
    this.#parts.address.mustBe({ pool, shard });
    const { replacedBy } = this.#parts.tenure;
    const [generation, last] = [this.#parts.generation, this.#parts.ledger.last];
    return { generation, replacedBy, last, replicas: this.#parts.feed.lags(Date.now()) };
  }

  async residents(pool: PoolName, shard: string, wish: ResidentsWish): Promise<SubjectStep<Resident>> {
    this.#parts.address.mustBe({ pool, shard });
    return this.#parts.residents.find(wish, Date.now());
  }

  async handOver(pool: PoolName, wish: HandOverWish): Promise<readonly SessionId[]> {
    return this.#parts.residents.handOver(pool, wish);
  }

  /** Moves the log into the pages now. The alarm and a full log do it by themselves. */
  async fold(): Promise<void> {
    await this.#parts.upkeep.fold();
  }

  async stats(): Promise<ShardStats> {
    return statsOf(this.#parts, Date.now());
  }

  override async alarm(): Promise<void> {
    await this.#parts.upkeep.alarm();
  }

  /** Memory has run ahead of storage: start again from what is stored. Nobody has been answered. */
  #reset(error: unknown): void {
    console.error(`A group of writes was not stored, starting again: ${String(error)}`);
    this.ctx.abort(`a group of writes was not stored: ${String(error)}`);
  }
}
