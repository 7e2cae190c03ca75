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
  rotate,
  type Verdict,
} from '../worker/core/fence.ts';
import { noInstance, originId, type OriginId, type PoolName, type SessionId } from '../worker/core/ids.ts';
import type { Lag, Replication } from '../worker/core/replication.ts';
import { bucketOf, type Entry, noState, type StoredState } from '../worker/core/page.ts';
import { current, type Row, type Slot } from '../worker/core/row.ts';
import { parseSessionId, shardOf } from '../worker/core/session-id.ts';
import type {
  ClaimAnswer,
  EndWish,
  ExportedSession,
  HandOverWish,
  ListPage,
  LocatedSlot,
  RenewWish,
  Resident,
  ResidentsWish,
  RotateWish,
  SealedState,
  ShownSlot,
  StatePut,
  SubjectStep,
  SubjectWish,
  Unreachable,
} from '../worker/ports.ts';
import type { PoolMonitor } from './pool-monitor.ts';
import type { ShardReplica } from './shard-replica.ts';
import { Address } from './shard/address.ts';
import { Desk } from './shard/desk.ts';
import { Feed } from './shard/feed.ts';
import { type Group, Groups } from './shard/groups.ts';
import { Left } from './shard/left.ts';
import { residents } from './shard/residents.ts';
import { Ledger } from './shard/ledger.ts';
import { Mirror } from './shard/mirror.ts';
import { Raises } from './shard/raises.ts';
import { Tables } from './shard/tables.ts';
import { Upkeep } from './shard/upkeep.ts';

interface ShardEnv {
  readonly POOL_MONITOR: DurableObjectNamespace<PoolMonitor>;
  readonly SHARD_REPLICA: DurableObjectNamespace<ShardReplica>;
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

const listMax = 1_000;

/** Answers that promise that something is kept. */
const changes: ReadonlySet<string> = new Set(['stored', 'superseded', 'claimed', 'ended', 'rotated']);

/** The single writer of a slice of the pool's sessions. RPC in, core/fence decides, SQL out. */
export class SessionShard extends DurableObject<ShardEnv> {
  readonly #address: Address;
  readonly #tables: Tables;
  readonly #ledger: Ledger;
  readonly #groups: Groups;
  readonly #feed: Feed;
  readonly #upkeep: Upkeep;
  readonly #mirror: Mirror;
  readonly #desk: Desk;
  readonly #left = new Left();

  constructor(ctx: DurableObjectState, env: ShardEnv) {
    super(ctx, env);
    const { storage } = ctx;
    const address = new Address(storage);
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
    this.#mirror = mirror;
    this.#desk = new Desk(ledger, tables);
    this.#groups = new Groups(
      (group) => this.#store(group),
      (error) => this.#reset(error),
    );
    const flush = () => this.#groups.flush();
    this.#feed = new Feed({
      storage,
      ledger,
      tables,
      of: () => address.name,
      objects: () => env.SHARD_REPLICA,
      flush,
    });
    this.#upkeep = new Upkeep({ storage, tables, ledger, mirror, raises, feed: this.#feed, flush });
    ctx.blockConcurrencyWhile(() => this.#upkeep.wake());
  }

  async locate(pool: PoolName, session: SessionId): Promise<LocatedSlot> {
    const { slot } = this.#open(pool, session);
    await this.#groups.settled(session);
    return slot.kind === 'ended' ? { kind: 'ended' } : slot;
  }

  async claim(
    pool: PoolName,
    session: SessionId,
    wish: Claim,
    replication?: Replication,
  ): Promise<ClaimAnswer | Unreachable> {
    const held = this.#open(pool, session, replication);
    const answer = this.#decide(session, held, claim(held.slot, wish));
    this.#left.claimed(session, held.slot, answer);
    // Read in the same step as the decision: a put that comes while the group is stored would be newer than the row.
    const state =
      answer.kind === 'claimed' && answer.row.version > 0 ? this.#ledger.sealed(held.state) : undefined;
    await this.#groups.settled(session);
    return this.#kept(state === undefined ? answer : { ...answer, state }, replication);
  }

  async put(
    pool: PoolName,
    session: SessionId,
    wish: StatePut,
    replication?: Replication,
  ): Promise<PutSaid | Unreachable> {
    const held = this.#open(pool, session, replication);
    const answer = this.#decide(session, held, put(held.slot, wish), inline(wish.state));
    await this.#groups.settled(session);
    return this.#kept(this.#left.judged(session, wish, answer), replication);
  }

  async label(
    pool: PoolName,
    session: SessionId,
    wish: Label,
    replication?: Replication,
  ): Promise<PutSaid | Unreachable> {
    const held = this.#open(pool, session, replication);
    const answer = this.#decide(session, held, label(held.slot, wish));
    await this.#groups.settled(session);
    return this.#kept(answer, replication);
  }

  async renew(
    pool: PoolName,
    session: SessionId,
    wish: RenewWish,
    replication?: Replication,
  ): Promise<Located | Ended> {
    const held = this.#open(pool, session, replication);
    const answer = this.#decide(session, held, renew(held.slot, wish));
    await this.#groups.settled(session);
    return answer;
  }

  async end(
    pool: PoolName,
    session: SessionId,
    wish: EndWish,
    replication?: Replication,
  ): Promise<Ended | Unreachable> {
    const held = this.#open(pool, session, replication);
    const answer = this.#decide(session, held, end(held.slot, wish));
    await this.#groups.settled(session);
    return this.#kept(answer, replication);
  }

  /** Both ids share their shard, so that the end of one and the beginning of the other are one write. */
  async rotate(
    pool: PoolName,
    session: SessionId,
    wish: RotateWish,
    replication?: Replication,
  ): Promise<Rotated | Unreachable> {
    const [held, target] = [this.#open(pool, session, replication), this.#open(pool, wish.to)];
    const { to, state, ...place } = wish;
    const verdict = rotate(held.slot, place);
    const { answer } = verdict;
    if (answer.kind === 'rotated') {
      const kept = state ?? this.#ledger.sealed(held.state);
      this.#decide(
        to,
        target,
        { answer, next: { kind: 'row', row: answer.row } },
        kept === undefined ? noState : inline(kept),
      );
      this.#decide(session, held, verdict);
    }
    await this.#groups.settled(session);
    // Asked again after a lost answer: nobody but this very rotation could know the new id.
    if (answer.kind === 'ended' && target.slot.kind === 'row')
      return this.#kept({ kind: 'rotated', row: target.slot.row }, replication);
    return this.#kept(answer, replication);
  }

  async list({ cursor, limit }: { cursor?: string | undefined; limit: number }): Promise<ListPage> {
    this.#groups.flush();
    const after = cursor === undefined ? undefined : parseSessionId(cursor);
    const rows: ListPage['rows'][number][] = [];
    const most = Math.min(Math.max(1, limit), listMax);
    const from = after === undefined ? 0 : bucketOf(after);
    for (const bucket of this.#ledger.bucketsFrom(from)) {
      for (const entry of this.#ledger.entriesOf(bucket, Date.now())) {
        if (after !== undefined && bucket === from && entry.session <= after) continue;
        const listed = this.#desk.listed(entry);
        if (listed === undefined) continue;
        if (rows.length === most) return { rows, cursor: rows.at(-1)?.session };
        rows.push(listed);
      }
    }
    return { rows, cursor: undefined };
  }

  async show(pool: PoolName, session: SessionId): Promise<ShownSlot> {
    const { entry, slot } = this.#open(pool, session);
    await this.#groups.settled(session);
    const row = entry === undefined || slot.kind !== 'row' ? undefined : this.#desk.listed(entry);
    if (row !== undefined) return { kind: 'row', row };
    return slot.kind === 'ended' ? { kind: 'ended', endsAt: slot.endsAt } : { kind: 'none' };
  }

  /** Of a session that has no row the home is not known: all of the pool's origins are raised, so that its cookie asks here once. */
  async endByOperator(
    pool: PoolName,
    session: SessionId,
    { endsAt, origins }: { endsAt: number; origins: readonly OriginId[] },
  ): Promise<Ended> {
    const held = this.#open(pool, session);
    const answer = this.#decide(session, held, end(held.slot, { ...operator, endsAt }));
    if (held.slot.kind === 'none') {
      for (const origin of origins) this.#groups.open(Date.now()).raises.add(origin);
    }
    await this.#groups.settled(session);
    return answer;
  }

  async endSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId>> {
    const { found, next } = this.#find(pool, shard, wish);
    const living = found.filter(({ slot }) => slot.kind === 'row').map(({ session }) => session);
    for (const session of living) this.#endForGood(pool, session, wish.endsAt);
    this.#groups.flush();
    return { found: living, next };
  }

  async exportSubject(
    pool: PoolName,
    shard: string,
    wish: SubjectWish,
  ): Promise<SubjectStep<ExportedSession>> {
    this.#address.mustBe({ pool, shard });
    this.#groups.flush();
    return this.#desk.export(wish, Date.now());
  }

  /** The marks keep their subject until nothing is left of the states: whatever fails before that, the next call finds them again. */
  async eraseSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId>> {
    const { found, next } = this.#find(pool, shard, wish);
    if (found.length === 0) return { found: [], next };
    for (const { session } of found) this.#endForGood(pool, session, wish.endsAt);
    const buckets = new Set(found.map(({ session }) => bucketOf(session)));
    this.#mirror.reserve(buckets);
    await this.#upkeep.fold();
    await this.#mirror.renew(buckets, wish.endsAt);
    for (const { session } of found) this.#forgetSubject(pool, session);
    this.#groups.flush();
    return { found: found.map(({ session }) => session), next };
  }

  /** Sessions that live on one origin, in the next few pages. */
  async residents(pool: PoolName, shard: string, wish: ResidentsWish): Promise<SubjectStep<Resident>> {
    this.#address.mustBe({ pool, shard });
    this.#groups.flush();
    return residents(this.#ledger, wish, Date.now());
  }

  /** Sessions that their home has let go of: each is claimed for another origin, unless something has become of it meanwhile. */
  async handOver(pool: PoolName, { moves, nonce }: HandOverWish): Promise<readonly SessionId[]> {
    const claimed = moves.filter(({ session, epoch, home }) => {
      const held = this.#open(pool, session);
      if (held.slot.kind !== 'row') return false;
      const answer = this.#decide(
        session,
        held,
        claim(held.slot, wishOf(held.slot.row, { epoch, home, nonce })),
      );
      this.#left.claimed(session, held.slot, answer);
      return answer.kind === 'claimed';
    });
    await Promise.all(claimed.map(({ session }) => this.#groups.settled(session)));
    return claimed.map(({ session }) => session);
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

  #find(pool: PoolName, shard: string, wish: SubjectWish): SubjectStep<Entry> {
    this.#address.mustBe({ pool, shard });
    this.#groups.flush();
    return this.#desk.find(wish, Date.now());
  }

  #endForGood(pool: PoolName, session: SessionId, endsAt: number): void {
    const held = this.#open(pool, session);
    this.#decide(session, held, end(held.slot, { ...operator, endsAt }));
  }

  #forgetSubject(pool: PoolName, session: SessionId): void {
    const held = this.#open(pool, session);
    if (held.slot.kind !== 'ended') return;
    const next: Slot = { kind: 'ended', endsAt: held.slot.endsAt };
    this.#decide(session, held, { answer: undefined, next });
  }

  #open(pool: PoolName, session: SessionId, replication?: Replication): Held {
    this.#address.mustBe({ pool, shard: shardOf(session) });
    // A wake must know by what name to go on copying.
    if (replication !== undefined && this.#feed.adopt(replication) === 'changed') this.#address.keep();
    const entry = this.#ledger.find(session);
    const slot: Slot = entry === undefined ? { kind: 'none' } : current(entry.slot, Date.now());
    return { entry, slot, state: entry !== undefined && slot.kind === 'row' ? entry.state : noState };
  }

  /** Takes the verdict into the open group; a session's state goes on with its row unless a new one is given. */
  #decide<Answer>(
    session: SessionId,
    held: Held,
    { answer, next, raise }: Verdict<Answer>,
    given?: StoredState,
  ): Answer {
    if (next === undefined || next.kind === 'none') return answer;
    const group = this.#groups.open(Date.now());
    const state = next.kind === 'ended' ? noState : (given ?? held.state);
    this.#ledger.write(group, { session, slot: next, state });
    const old = held.entry?.state;
    if (old?.kind === 'chunked' && old !== state) group.replaced.add(old.id);
    if (raise !== undefined) group.raises.add(raise);
    return answer;
  }

  /** Under `quorum` a change counts once a replica has it too, also one that an earlier asking has made. */
  async #kept<Answer extends { readonly kind: string }>(
    answer: Answer,
    replication?: Replication,
  ): Promise<Answer | Unreachable> {
    if (replication?.durability !== 'quorum' || !changes.has(answer.kind)) return answer;
    if (await this.#feed.isKeptElsewhere()) return answer;
    return { kind: 'unreachable', why: 'the shard has it, no replica has it yet' };
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

/** Nobody's home and instance: an end that an operator runs raises the incarnation of wherever the session lives. */
const operator = { home: originId(''), instance: noInstance };

/** A claim by which nothing lasts longer than before. */
function wishOf(row: Row, { epoch, home, nonce }: { epoch: number; home: OriginId; nonce: string }): Claim {
  const { expiresAt, endsAt } = row;
  const limits = { expiresAt, endsAt };
  const rest = { instance: noInstance, uncopied: 'move', assumed: row, limits } as const;
  return { by: 'edge', expected: epoch, home, nonce, ...rest };
}

interface Held {
  readonly entry: Entry | undefined;
  readonly slot: Slot;
  readonly state: StoredState;
}

function inline(state: SealedState): StoredState {
  return { kind: 'inline', bytes: state.bytes, seal: state.seal, epoch: state.epoch };
}
