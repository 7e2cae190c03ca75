import { DurableObject } from 'cloudflare:workers';
import { type Claim, claim, type Ended, end, type Located, type PutSaid, put, type Rotated, renew, rotate, type Verdict } from '../worker/core/fence.ts';
import { type PoolName, poolName, type SessionId } from '../worker/core/ids.ts';
import { bucketOf, type Entry, noState, type StoredState } from '../worker/core/page.ts';
import { current, type Slot } from '../worker/core/row.ts';
import { parseSessionId, shardOf } from '../worker/core/session-id.ts';
import type { ClaimAnswer, EndWish, ListPage, LocatedSlot, RenewWish, RotateWish, SealedState, StatePut } from '../worker/ports.ts';
import type { PoolMonitor } from './pool-monitor.ts';
import { type Group, Groups } from './shard/groups.ts';
import { Ledger } from './shard/ledger.ts';
import { Mirror } from './shard/mirror.ts';
import { Raises } from './shard/raises.ts';
import { Tables } from './shard/tables.ts';

interface ShardEnv {
  readonly POOL_MONITOR: DurableObjectNamespace<PoolMonitor>;
  readonly FALLBACK: KVNamespace;
}

export interface ShardStats {
  readonly rows: number;
  readonly logRows: number;
  readonly logEntries: number;
  readonly pages: number;
  readonly chunks: number;
  /** Since this instance of the object started. */
  readonly rowsWritten: number;
}

const foldAfterMs = 60_000;
const raiseRetryMs = 1_000;
const sweepEveryMs = 600_000;
const pagesPerSweep = 16;
const listMax = 1_000;

/** The single writer of a slice of the pool's sessions. RPC in, core/fence decides, SQL out. */
export class SessionShard extends DurableObject<ShardEnv> {
  readonly #tables: Tables;
  readonly #ledger: Ledger;
  readonly #groups: Groups;
  readonly #raises: Raises;
  readonly #mirror: Mirror;
  #address: Address | undefined;
  #isAddressKept: boolean;
  #alarmAt: number | undefined;
  #foldFailed = false;

  constructor(ctx: DurableObjectState, env: ShardEnv) {
    super(ctx, env);
    this.#tables = new Tables(ctx.storage.sql);
    this.#ledger = new Ledger(ctx.storage, this.#tables);
    this.#groups = new Groups((group) => this.#store(group), (error) => this.#reset(error));
    this.#raises = new Raises({ tell: (origin) => this.#monitor().raise(origin), acknowledged: (origin) => this.#tables.deleteRaise(origin) });
    this.#mirror = new Mirror(env.FALLBACK);
    this.#address = ctx.storage.kv.get<Address>('address');
    this.#isAddressKept = this.#address !== undefined;
    ctx.blockConcurrencyWhile(() => this.#wake());
  }

  async locate(pool: PoolName, session: SessionId): Promise<LocatedSlot> {
    const { slot } = this.#open(pool, session);
    await this.#groups.settled(session);
    return slot.kind === 'ended' ? { kind: 'ended' } : slot;
  }

  async claim(pool: PoolName, session: SessionId, wish: Claim): Promise<ClaimAnswer> {
    const held = this.#open(pool, session);
    const answer = this.#decide(session, held, claim(held.slot, wish));
    // Read in the same step as the decision: a put that comes while the group is stored would be newer than the row.
    const state = answer.kind === 'claimed' && answer.row.version > 0 ? this.#ledger.sealed(held.state) : undefined;
    await this.#groups.settled(session);
    return state === undefined ? answer : { ...answer, state };
  }

  async put(pool: PoolName, session: SessionId, wish: StatePut): Promise<PutSaid> {
    const held = this.#open(pool, session);
    const answer = this.#decide(session, held, put(held.slot, wish), inline(wish.state));
    await this.#groups.settled(session);
    return answer;
  }

  async renew(pool: PoolName, session: SessionId, wish: RenewWish): Promise<Located | Ended> {
    const held = this.#open(pool, session);
    const answer = this.#decide(session, held, renew(held.slot, wish));
    await this.#groups.settled(session);
    return answer;
  }

  async end(pool: PoolName, session: SessionId, wish: EndWish): Promise<Ended> {
    const held = this.#open(pool, session);
    const answer = this.#decide(session, held, end(held.slot, wish));
    await this.#groups.settled(session);
    return answer;
  }

  /** Both ids share their shard, so that the end of one and the beginning of the other are one write. */
  async rotate(pool: PoolName, session: SessionId, wish: RotateWish): Promise<Rotated> {
    const [held, target] = [this.#open(pool, session), this.#open(pool, wish.to)];
    const { to, state, ...place } = wish;
    const verdict = rotate(held.slot, place);
    const { answer } = verdict;
    if (answer.kind === 'rotated') {
      this.#decide(to, target, { answer, next: { kind: 'row', row: answer.row } }, state === undefined ? held.state : inline(state));
      // Chunks that go on under the new id are not the old one's to delete.
      this.#decide(session, state === undefined && held.state.kind === 'chunked' ? { ...held, entry: undefined } : held, verdict);
    }
    await this.#groups.settled(session);
    // Asked again after a lost answer: nobody but this very rotation could know the new id.
    if (answer.kind === 'ended' && target.slot.kind === 'row') return { kind: 'rotated', row: target.slot.row };
    return answer;
  }

  async list({ cursor, limit }: { cursor?: string | undefined; limit: number }): Promise<ListPage> {
    this.#groups.flush();
    const after = cursor === undefined ? undefined : parseSessionId(cursor);
    const rows: ListPage['rows'][number][] = [];
    const most = Math.min(Math.max(1, limit), listMax);
    for (const bucket of this.#ledger.bucketsFrom(after === undefined ? 0 : bucketOf(after))) {
      for (const { session, slot } of this.#ledger.entriesOf(bucket, Date.now())) {
        if (slot.kind !== 'row' || (after !== undefined && bucket === bucketOf(after) && session <= after)) continue;
        if (rows.length === most) return { rows, cursor: rows.at(-1)?.session };
        rows.push({ ...slot.row, session });
      }
    }
    return { rows, cursor: undefined };
  }

  /** Moves the log into the pages now. The alarm and a full log do it by themselves. */
  async fold(): Promise<void> {
    this.#groups.flush();
    this.#foldNow();
    await this.#mirrorNow();
  }

  async stats(): Promise<ShardStats> {
    this.#groups.flush();
    const now = Date.now();
    const rows = this.#ledger.bucketsFrom(0).reduce((sum, bucket) => sum + this.#ledger.entriesOf(bucket, now).length, 0);
    const { logEntries } = this.#ledger;
    const [logRows, pages, chunks] = [this.#tables.count('log'), this.#tables.count('page'), this.#tables.count('chunk')];
    return { rows, logRows, logEntries, pages, chunks, rowsWritten: this.#tables.rowsWritten };
  }

  /** One alarm, several needs. Armed again first: an alarm that fails for good would otherwise be the last. */
  override async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    this.#arm(Date.now() + foldAfterMs);
    this.#groups.flush();
    const told = Promise.all(this.#tables.raises().map((origin) => this.#raises.tell(origin)));
    try {
      this.#foldNow();
      this.#sweepSome();
      await this.#mirrorNow();
    } catch (error) {
      console.error(`The alarm of ${this.ctx.id.name ?? this.ctx.id} could not fold: ${String(error)}`);
    }
    await told;
    this.#rest();
  }

  #open(pool: PoolName, session: SessionId): Held {
    this.#address ??= { pool, shard: shardOf(session) };
    const { pool: ours, shard } = this.#address;
    if (pool !== ours || shardOf(session) !== shard) {
      throw new Error(`Session of ${pool}:${shardOf(session)} must not be asked for at ${ours}:${shard}`);
    }
    const entry = this.#ledger.find(session);
    const slot: Slot = entry === undefined ? { kind: 'none' } : current(entry.slot, Date.now());
    return { entry, slot, state: entry !== undefined && slot.kind === 'row' ? entry.state : noState };
  }

  /** Takes the verdict into the open group; a session's state goes on with its row unless a new one is given. */
  #decide<Answer>(session: SessionId, held: Held, { answer, next, raise }: Verdict<Answer>, given?: StoredState): Answer {
    if (next === undefined || next.kind === 'none') return answer;
    const group = this.#groups.open(Date.now());
    const state = next.kind === 'ended' ? noState : (given ?? held.state);
    this.#ledger.write(group, { session, slot: next, state });
    const old = held.entry?.state;
    if (old?.kind === 'chunked' && !isSame(old, state)) group.replaced.add(old.id);
    if (raise !== undefined) group.raises.add(raise);
    return answer;
  }

  #store(group: Group): void {
    this.#ledger.store(group);
    if (!this.#isAddressKept) this.ctx.storage.kv.put('address', this.#address);
    this.#isAddressKept = true;
    this.#arm(Date.now() + (group.raises.size > 0 ? raiseRetryMs : foldAfterMs));
    for (const origin of group.raises) this.ctx.waitUntil(this.#raises.tell(origin));
    if (this.#ledger.isLogFull && !this.#foldFailed) setTimeout(() => this.#foldFull(), 0);
  }

  /** Memory has run ahead of storage: start again from what is stored. Nobody has been answered. */
  #reset(error: unknown): void {
    console.error(`A group of writes was not stored, starting again: ${String(error)}`);
    this.ctx.abort(`a group of writes was not stored: ${String(error)}`);
  }

  #foldFull(): void {
    if (!this.#ledger.isLogFull) return;
    try {
      this.#foldNow();
      this.ctx.waitUntil(this.#mirrorNow());
    } catch (error) {
      console.error(`Cannot fold a full log: ${String(error)}`);
    }
  }

  #foldNow(): void {
    if (!this.#ledger.hasUnfolded) return;
    // Until a fold has come through again only the alarm tries, not every write.
    this.#foldFailed = true;
    this.#mirror.rewritten(this.#ledger.fold(Date.now()));
    this.#foldFailed = false;
  }

  #sweepSome(): void {
    const swept = this.ctx.storage.kv.get<number>('swept') ?? -1;
    const pages = this.#tables.pagesFrom(swept + 1).slice(0, pagesPerSweep);
    this.#mirror.rewritten(this.#ledger.sweep(pages, Date.now()));
    const last = pages.at(-1) ?? -1;
    if (last !== swept) this.ctx.storage.kv.put('swept', last);
  }

  async #mirrorNow(): Promise<void> {
    if (this.#address !== undefined) await this.#mirror.write(this.#address.pool, this.#address.shard, Date.now());
  }

  #monitor() {
    const { pool } = this.#address ?? { pool: poolName('') };
    return this.env.POOL_MONITOR.getByName(pool);
  }

  async #wake(): Promise<void> {
    this.#alarmAt = (await this.ctx.storage.getAlarm()) ?? undefined;
    const now = Date.now();
    // An alarm of the past may never come: it counts as none.
    if (this.#alarmAt !== undefined && this.#alarmAt < now - foldAfterMs) this.#alarmAt = undefined;
    if (this.#tables.raises().length > 0) this.#arm(now + raiseRetryMs);
    if (this.#ledger.hasUnfolded) this.#arm(now + foldAfterMs);
  }

  /** Only an earlier time is set: each setting is a row written. */
  #arm(at: number): void {
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
  }

  /** After the work: the next need, or none at all. A shard that holds nothing costs nothing. */
  #rest(): void {
    const now = Date.now();
    this.#alarmAt = undefined;
    if (this.#tables.raises().length > 0) this.#arm(now + raiseRetryMs);
    else if (this.#ledger.hasUnfolded || this.#mirror.hasDue) this.#arm(now + foldAfterMs);
    else if (this.#tables.count('page') > 0) this.#arm(now + sweepEveryMs);
    else void this.ctx.storage.deleteAlarm();
  }
}

interface Address {
  readonly pool: PoolName;
  readonly shard: string;
}

interface Held {
  readonly entry: Entry | undefined;
  readonly slot: Slot;
  readonly state: StoredState;
}

function inline(state: SealedState): StoredState {
  return { kind: 'inline', bytes: state.bytes, seal: state.seal, epoch: state.epoch };
}

function isSame(chunked: StoredState & { kind: 'chunked' }, state: StoredState): boolean {
  return state.kind === 'chunked' && state.id === chunked.id;
}
