import { DurableObject } from 'cloudflare:workers';
import {
  type Claim,
  claim,
  type Ended,
  end,
  type Label,
  label,
  type Located,
  type PutSaid,
  put,
  type Rotated,
  renew,
} from '../worker/core/fence.ts';
import type { OriginId, PoolName, SessionId } from '../worker/core/ids.ts';
import type { Lag, Replication } from '../worker/core/replication.ts';
import { noState } from '../worker/core/page.ts';
import { swap, type Swapped } from '../worker/core/swap.ts';
import { firstObject, type Promotion } from '../worker/core/promotion.ts';
import type {
  ClaimAnswer,
  EndWish,
  ExportedSession,
  HandOverWish,
  ListPage,
  LocatedSlot,
  ReadSlot,
  RenewWish,
  Resident,
  ResidentsWish,
  RotateWish,
  ShardCopies,
  ShownSlot,
  StatePut,
  SubjectStep,
  SubjectWish,
  SwapWish,
  Unreachable,
} from '../worker/ports.ts';
import type { PoolMonitor } from './pool-monitor.ts';
import type { PlacedObjects } from '../worker/stores/shard-replicas.ts';
import type { ReplicaSink } from './shard/replica-object.ts';
import { Address } from './shard/address.ts';
import { Desk } from './shard/desk.ts';
import { Feed } from './shard/feed.ts';
import { handOver, type HandedOver } from './shard/hand-over.ts';
import { type Group, Groups } from './shard/groups.ts';
import { Left } from './shard/left.ts';
import { Ledger } from './shard/ledger.ts';
import { Mirror } from './shard/mirror.ts';
import { Raises } from './shard/raises.ts';
import { Residents } from './shard/residents.ts';
import { inline, Slots } from './shard/slots.ts';
import { Subjects } from './shard/subjects.ts';
import { Tables } from './shard/tables.ts';
import { Tenure } from './shard/tenure.ts';
import { Upkeep } from './shard/upkeep.ts';

export interface ShardEnv {
  readonly POOL_MONITOR: DurableObjectNamespace<PoolMonitor>;
  readonly SHARD_REPLICA: PlacedObjects<ReplicaSink>;
  readonly FALLBACK: KVNamespace;
}

export interface ShardStats {
  /** Sessions and marks of ended ones. */
  readonly rows: number;
  readonly logRows: number;
  readonly logEntries: number;
  readonly pages: number;
  readonly chunks: number;
  /** Of the four tables, since this instance of the object started. */
  readonly rowsWritten: number;
  /** How far each replica is behind. */
  readonly replicas: readonly Lag[];
}

/** The single writer of a slice of the pool's sessions. RPC in, core/fence decides, SQL out. */
export class SessionShard extends DurableObject<ShardEnv> {
  readonly #address: Address;
  readonly #tables: Tables;
  readonly #ledger: Ledger;
  readonly #groups: Groups;
  readonly #feed: Feed;
  readonly #upkeep: Upkeep;
  readonly #slots: Slots;
  readonly #desk: Desk;
  readonly #subjects: Subjects;
  readonly #residents: Residents;
  readonly #left = new Left();
  readonly #tenure: Tenure;
  readonly #generation: number;

  constructor(ctx: DurableObjectState, env: ShardEnv) {
    super(ctx, env);
    const { storage } = ctx;
    const address = new Address(storage);
    const promotion = storage.kv.get<Promotion>('promotion') ?? firstObject;
    this.#generation = promotion.generation;
    const tables = new Tables(storage.sql);
    const ledger = new Ledger(storage, tables, (folded) => this.#feed.mayGo(folded));
    const mirror = new Mirror(
      env.FALLBACK,
      (bucket) => tables.page(bucket),
      () => address.name,
    );
    const raises = new Raises({
      tell: (origin) => env.POOL_MONITOR.getByName(address.name.pool).raise(origin),
      acknowledged: (origin) => tables.deleteRaise(origin),
    });
    this.#address = address;
    this.#tables = tables;
    this.#ledger = ledger;
    this.#groups = new Groups(
      (group) => this.#store(group),
      (error) => this.#reset(error),
    );
    const flush = () => this.#groups.flush();
    const monitor = () => env.POOL_MONITOR.getByName(address.name.pool);
    this.#tenure = new Tenure({
      kept: storage.kv,
      isFirst: promotion.generation === 0,
      shard: () => address.name.shard,
      hasReplicas: () => this.#feed.hasReplicas,
      askMonitor: () => monitor().tenancy(address.name.shard, promotion),
      askReplicas: () => this.#feed.ask(),
      replaced: () => this.#feed.close(),
    });
    const tenure = this.#tenure;
    this.#feed = new Feed({
      generation: this.#generation,
      isReplaced: () => tenure.replacedBy !== undefined,
      heard: (sentAt) => tenure.confirmed(sentAt),
      storage,
      ledger,
      tables,
      of: () => address.name,
      objects: () => env.SHARD_REPLICA,
      flush,
    });
    this.#slots = new Slots({
      generation: this.#generation,
      address,
      tenure,
      ledger,
      groups: this.#groups,
      feed: this.#feed,
    });
    this.#upkeep = new Upkeep({ storage, tables, ledger, mirror, raises, tenure, feed: this.#feed, flush });
    const parts = { ledger, tables, slots: this.#slots, flush };
    this.#desk = new Desk(parts);
    this.#residents = new Residents({ ...parts, left: this.#left });
    const fold = () => this.#upkeep.fold();
    this.#subjects = new Subjects({ ...parts, address, desk: this.#desk, mirror, fold });
    ctx.blockConcurrencyWhile(() => this.#upkeep.wake());
  }

  async locate(pool: PoolName, session: SessionId): Promise<LocatedSlot> {
    const { slot } = this.#slots.open(pool, session);
    await this.#slots.settled(session);
    return slot.kind === 'ended' ? { kind: 'ended' } : slot;
  }

  async read(pool: PoolName, session: SessionId): Promise<ReadSlot> {
    const { slot, state } = this.#slots.open(pool, session);
    const sealed = slot.kind === 'row' && slot.row.version > 0 ? this.#ledger.sealed(state) : undefined;
    await this.#slots.settled(session);
    if (slot.kind !== 'row') return { kind: slot.kind };
    return sealed === undefined ? slot : { ...slot, state: sealed };
  }

  async claim(
    pool: PoolName,
    session: SessionId,
    wish: Claim,
    replication?: Replication,
  ): Promise<ClaimAnswer | Unreachable> {
    const held = this.#slots.openAt(pool, session, wish.expected, replication);
    const answer = this.#slots.decide(session, held, claim(held.slot, wish, this.#slots.floor));
    this.#left.claimed(session, held.slot, answer);
    // Read in the same step as the decision: a put that comes while the group is stored would be newer than the row.
    const state =
      answer.kind === 'claimed' && answer.row.version > 0 ? this.#ledger.sealed(held.state) : undefined;
    return this.#slots.kept(session, state === undefined ? answer : { ...answer, state }, replication);
  }

  async put(
    pool: PoolName,
    session: SessionId,
    wish: StatePut,
    replication?: Replication,
  ): Promise<PutSaid | Unreachable> {
    const held = this.#slots.openAt(pool, session, wish.epoch, replication);
    const answer = this.#slots.decide(session, held, put(held.slot, wish), inline(wish.state));
    return this.#slots.kept(session, this.#left.judged(session, wish, answer), replication);
  }

  /** For pools whose origins share the store: whoever has read the newest state may write. */
  async swap(
    pool: PoolName,
    session: SessionId,
    { state, ...wish }: SwapWish,
    replication?: Replication,
  ): Promise<Swapped | Unreachable> {
    const held = this.#slots.open(pool, session, replication);
    const answer = this.#slots.decide(session, held, swap(held.slot, wish), state && inline(state));
    return this.#slots.kept(session, answer, replication);
  }

  async label(
    pool: PoolName,
    session: SessionId,
    wish: Label,
    replication?: Replication,
  ): Promise<PutSaid | Unreachable> {
    const held = this.#slots.openAt(pool, session, wish.epoch, replication);
    const answer = this.#slots.decide(session, held, label(held.slot, wish));
    return this.#slots.kept(session, answer, replication);
  }

  async renew(
    pool: PoolName,
    session: SessionId,
    wish: RenewWish,
    replication?: Replication,
  ): Promise<Located | Ended> {
    const held = this.#slots.openAt(pool, session, wish.assumed.epoch, replication);
    const answer = this.#slots.decide(session, held, renew(held.slot, wish));
    await this.#slots.settled(session);
    return answer;
  }

  async end(
    pool: PoolName,
    session: SessionId,
    wish: EndWish,
    replication?: Replication,
  ): Promise<Ended | Unreachable> {
    const held = this.#slots.open(pool, session, replication);
    const answer = this.#slots.decide(session, held, end(held.slot, wish));
    return this.#slots.kept(session, answer, replication);
  }

  /** Both ids share their shard, so that the end of one and the beginning of the other are one write. */
  async rotate(
    pool: PoolName,
    session: SessionId,
    wish: RotateWish,
    replication?: Replication,
  ): Promise<Rotated | Unreachable> {
    const held = this.#slots.openAt(pool, session, wish.epoch, replication);
    const target = this.#slots.open(pool, wish.to);
    const { to, state, ...place } = wish;
    const verdict = this.#left.rotated(session, held.slot, place);
    const { answer } = verdict;
    if (answer.kind === 'rotated') {
      const kept = state ?? this.#ledger.sealed(held.state);
      this.#slots.decide(
        to,
        target,
        { answer, next: { kind: 'row', row: answer.row } },
        kept === undefined ? noState : inline(kept),
      );
      this.#slots.decide(session, held, verdict);
    }
    // Asked again after a lost answer: nobody but this very rotation could know the new id.
    if (answer.kind === 'ended' && target.slot.kind === 'row')
      return this.#slots.kept(session, { kind: 'rotated', row: target.slot.row }, replication);
    return this.#slots.kept(session, answer, replication);
  }

  async list(wish: { cursor?: string | undefined; limit: number }): Promise<ListPage> {
    return this.#desk.list(wish, Date.now());
  }

  async show(pool: PoolName, session: SessionId): Promise<ShownSlot> {
    return this.#desk.show(pool, session);
  }

  async endByOperator(
    pool: PoolName,
    session: SessionId,
    wish: { endsAt: number; origins: readonly OriginId[] },
  ): Promise<Ended> {
    return this.#desk.end(pool, session, wish);
  }

  async endSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId>> {
    return this.#subjects.end({ pool, shard }, wish);
  }

  async exportSubject(
    pool: PoolName,
    shard: string,
    wish: SubjectWish,
  ): Promise<SubjectStep<ExportedSession>> {
    return this.#subjects.export({ pool, shard }, wish);
  }

  async eraseSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId>> {
    return this.#subjects.erase({ pool, shard }, wish);
  }

  /** Makes way for a replica that has everything; goes on when none comes so far in time. */
  async makeWay(pool: PoolName, shard: string, to: Promotion): Promise<HandedOver> {
    this.#address.mustBe({ pool, shard });
    return handOver({ tenure: this.#tenure, feed: this.#feed, flush: () => this.#groups.flush() }, to);
  }

  /** An operator is about to replace it: of two who try, the one who has begun later counts. */
  async standFor(pool: PoolName, shard: string, attempt: number): Promise<ShardCopies> {
    this.#tenure.heardOf(attempt);
    return this.copies(pool, shard);
  }

  /** Which of the shard's objects this is, and how far its replicas are behind. */
  async copies(pool: PoolName, shard: string): Promise<ShardCopies> {
    this.#address.mustBe({ pool, shard });
    const { replacedBy } = this.#tenure;
    const [generation, last] = [this.#generation, this.#ledger.last];
    return { generation, replacedBy, last, replicas: this.#feed.lags(Date.now()) };
  }

  async residents(pool: PoolName, shard: string, wish: ResidentsWish): Promise<SubjectStep<Resident>> {
    this.#address.mustBe({ pool, shard });
    return this.#residents.find(wish, Date.now());
  }

  async handOver(pool: PoolName, wish: HandOverWish): Promise<readonly SessionId[]> {
    return this.#residents.handOver(pool, wish);
  }

  /** Moves the log into the pages now. The alarm and a full log do it by themselves. */
  async fold(): Promise<void> {
    await this.#upkeep.fold();
  }

  async stats(): Promise<ShardStats> {
    this.#groups.flush();
    const now = Date.now();
    const rows = this.#ledger
      .bucketsFrom(0)
      .reduce((sum, bucket) => sum + this.#ledger.entriesOf(bucket, now).length, 0);
    const { logEntries } = this.#ledger;
    const [logRows, pages, chunks] = [
      this.#tables.count('log'),
      this.#tables.count('page'),
      this.#tables.count('chunk'),
    ];
    const { rowsWritten } = this.#tables;
    return { rows, logRows, logEntries, pages, chunks, rowsWritten, replicas: this.#feed.lags(now) };
  }

  override async alarm(): Promise<void> {
    await this.#upkeep.alarm();
  }

  #store(group: Group): void {
    this.#ledger.store(group);
    this.#address.keep();
    this.#upkeep.stored(group);
  }

  /** Memory has run ahead of storage: start again from what is stored. Nobody has been answered. */
  #reset(error: unknown): void {
    console.error(`A group of writes was not stored, starting again: ${String(error)}`);
    this.ctx.abort(`a group of writes was not stored: ${String(error)}`);
  }
}
