import { DurableObject } from 'cloudflare:workers';
import type { DrillWish } from '../worker/core/drill.ts';
import { type InstanceId, type OriginId, poolName, type SessionId } from '../worker/core/ids.ts';
import type { Incident } from '../worker/core/incident.ts';
import type { LostWrite } from '../worker/core/lost-write.ts';
import type { ProbingConfig } from '../worker/core/probing.ts';
import type { Leased, Registration } from '../worker/core/registration.ts';
import type { Promotion, Tenancy } from '../worker/core/promotion.ts';
import type { ToldSnapshot } from '../worker/core/snapshot.ts';
import type { Order } from '../worker/core/operation.ts';
import type { Tally } from '../worker/core/tally.ts';
import type { DrillSaid, MonitorStatus, Ordered } from '../worker/ports.ts';
import { Drills } from './monitor/drills.ts';
import { Incidents } from './monitor/incidents.ts';
import { isOut } from './monitor/operations.ts';
import { Orders } from './monitor/orders.ts';
import { Interest } from './monitor/interest.ts';
import { LostWriteRing } from './monitor/lost-writes.ts';
import { SnapshotMirror } from './monitor/mirror.ts';
import { Probing } from './monitor/probing.ts';
import { PromotionBook } from './monitor/promotions.ts';
import { Roster } from './monitor/roster.ts';
import type { ProberObjects } from './monitor/spread.ts';

interface MonitorEnv {
  readonly FALLBACK: KVNamespace;
  /** Wanted where more origins are probed than the monitor can by itself, or from elsewhere. */
  readonly PROBER?: ProberObjects;
}

/** Knows the health of one pool. RPC and alarm in, core/health decides, SQL out. */
export class PoolMonitor extends DurableObject<MonitorEnv> {
  readonly #roster: Roster;
  readonly #orders: Orders;
  readonly #mirror: SnapshotMirror;
  readonly #probing: Probing;
  readonly #lost: LostWriteRing;
  readonly #incidents: Incidents;
  readonly #drills: Drills;
  readonly #promotions: PromotionBook;
  readonly #interest: Interest;
  readonly #raisedIn = new Map<OriginId, number>();
  #handedOut = 0;

  constructor(ctx: DurableObjectState, env: MonitorEnv) {
    super(ctx, env);
    this.#roster = new Roster(ctx.storage);
    this.#orders = new Orders({
      storage: ctx.storage,
      roster: this.#roster,
      arm: (at) => this.#probing.arm(at),
      turned: (origin, to, now) => this.#incidents.ordered(origin, to, now),
    });
    this.#lost = new LostWriteRing(ctx.storage.sql);
    this.#promotions = new PromotionBook(ctx.storage.sql);
    const pool = poolName(ctx.id.name ?? ctx.storage.kv.get<string>('pool') ?? '');
    this.#mirror = new SnapshotMirror(env.FALLBACK, pool, {
      version: () => this.#roster.version,
      tell: () => this.#tell(),
    });
    this.#incidents = new Incidents(ctx.storage.sql, pool, (origin) =>
      isOut(this.#orders.operations.of(origin).state),
    );
    this.#drills = new Drills(ctx.storage.kv, this.#incidents, {
      snapshot: () => this.#orders.operations.over(this.#roster.snapshot),
      changed: () => {
        this.#roster.bump();
        ctx.waitUntil(this.#mirror.write());
      },
    });
    this.#probing = new Probing({
      pool,
      storage: ctx.storage,
      roster: this.#roster,
      env,
      asked: () => this.#orders.probed,
      changed: () => this.ctx.waitUntil(this.#mirror.write()),
      probed: (origin, health, result, from) => {
        this.#orders.heed(origin, result, Date.now());
        this.#incidents.probed(origin, health, result, from);
        this.#drills.settle(Date.now());
      },
    });
    this.#interest = new Interest(ctx.storage.kv, ctx.id.name);
    // What an earlier life of this object has handed out is not known: taken as everything, so that a raise never gets lost.
    this.#handedOut = this.#roster.version;
    ctx.blockConcurrencyWhile(() => this.#probing.recallAlarm());
  }

  /** What the pool's edges route by. Asking keeps the probing alive and brings the configuration along. */
  async snapshot(probing: ProbingConfig): Promise<ToldSnapshot> {
    const now = Date.now();
    const rested = !this.#interest.isThere(now);
    this.#interest.asked(now);
    this.#roster.turn(now);
    if (this.#orders.adopt(probing, now) || rested || this.#probing.isAlarmLost(now)) this.#probing.arm(now);
    return this.#tell();
  }

  /** What an operator, an origin or its health path orders in operation. It outlives evictions and configurations. */
  async order(probing: ProbingConfig, order: Order): Promise<Ordered> {
    const ordered = this.#orders.take(probing, order, Date.now());
    this.ctx.waitUntil(this.#mirror.write());
    return ordered;
  }

  /** An isolate could not reach the origin: look now rather than at the next interval. */
  async report(origin: OriginId): Promise<void> {
    const looking = this.#probing.report(origin, Date.now());
    if (looking === undefined) return;
    this.#roster.doubt(origin);
    this.ctx.waitUntil(looking.finally(() => this.#roster.settle(origin)));
  }

  /**
   * A session was claimed away from this origin or by another of its instances: older cookies of it must ask the map. Also of one that is down:
   * in panic its sessions stay with it.
   */
  async raise(origin: OriginId): Promise<void> {
    const health = this.#roster.healths.get(origin);
    if (health === undefined) return;
    if ((this.#raisedIn.get(origin) ?? 0) > this.#handedOut) return;
    this.#roster.learn(origin, { ...health, incarnation: health.incarnation + 1 });
    this.#raisedIn.set(origin, this.#roster.version);
    this.ctx.waitUntil(this.#mirror.write());
  }

  /** A shard asks whether it is still the one. */
  async tenancy(shard: string, asked: Promotion): Promise<Tenancy> {
    return this.#promotions.tenancy(shard, asked);
  }

  /** An operator's verb begins; each later question names its number. */
  async beginPromotion(shard: string): Promise<{ by: Promotion; attempt: number }> {
    return this.#promotions.begin(shard);
  }

  async closeShard(shard: string, attempt: number): Promise<'closed' | 'overtaken'> {
    return this.#promotions.close(shard, attempt);
  }

  /** From now on every snapshot says so. What the replaced object had to raise may never be heard of: every cookie asks once. */
  async promoted(shard: string, attempt: number, by: Promotion): Promise<Promotion> {
    this.ctx.storage.transactionSync(() => {
      if (this.#promotions.promote(shard, attempt, by)) this.#roster.raiseAll();
    });
    this.ctx.waitUntil(this.#mirror.write());
    return this.#promotions.by(shard);
  }

  /** The cron's watchdog: alarms have been seen never to come. */
  async check(): Promise<void> {
    await this.#probing.recallAlarm();
    const now = Date.now();
    this.#lost.prune(now);
    this.#incidents.prune(now);
    this.#orders.forgetOthers();
    this.#incidents.keepTo(new Set(this.#roster.healths.keys()), now);
    if (this.#interest.isThere(now) && this.#probing.isAlarmLost(now)) this.#probing.arm(now);
  }

  async status(): Promise<MonitorStatus> {
    return { ...this.#orders.status(), alarmAt: this.#probing.alarmAt, askedAt: this.#interest.askedAt };
  }

  /** An origin registers itself or renews its lease: whoever is new is probed at once. */
  async register(asked: Registration, max: number): Promise<Leased> {
    const { version: before } = this.#roster;
    const instance = this.#roster.instanceOf(asked.id);
    const said = this.#roster.register(asked, max);
    if (said.kind === 'leased' && instance !== asked.instance) this.#orders.startAnew(asked.id, Date.now());
    if (this.#roster.version !== before) {
      this.ctx.waitUntil(this.#mirror.write());
      if (this.#interest.isThere(Date.now())) this.#probing.arm(Date.now());
    }
    return said;
  }

  async withdraw(origin: OriginId, instance: InstanceId, stamp: number): Promise<{ kind: 'withdrawn' }> {
    this.#roster.withdraw(origin, instance, stamp);
    this.ctx.waitUntil(this.#mirror.write());
    return { kind: 'withdrawn' };
  }

  async noteLost(writes: readonly LostWrite[]): Promise<{ kind: 'noted' }> {
    this.ctx.storage.transactionSync(() => this.#lost.add(writes, Date.now()));
    return { kind: 'noted' };
  }

  async lost(): Promise<readonly LostWrite[]> {
    return this.#lost.all(Date.now());
  }

  async forgetLost(sessions: readonly SessionId[]): Promise<{ kind: 'forgotten' }> {
    this.#lost.forget(sessions);
    return { kind: 'forgotten' };
  }

  async noteIncidents(tallies: readonly Tally[], at: number, key: string): Promise<{ kind: 'noted' }> {
    const now = Date.now();
    this.#drills.noted(this.#incidents.note(tallies, at, key, now), now);
    await this.#incidents.stored();
    return { kind: 'noted' };
  }

  async incidents(): Promise<readonly Incident[]> {
    const now = Date.now();
    this.#drills.settle(now);
    return this.#incidents.all(now);
  }

  async drill(wish: DrillWish): Promise<DrillSaid> {
    return this.#drills.begin(wish, Date.now());
  }

  async stopDrill(): Promise<{ kind: 'stopped'; number: number | null }> {
    return { kind: 'stopped', number: this.#drills.stop('operator', Date.now()) };
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    this.#probing.disarm();
    const { probing } = this.#roster;
    if (probing === undefined || !this.#interest.isThere(now)) return;
    try {
      await this.#probing.ring(probing, now);
      await this.#mirror.write();
    } catch (error) {
      console.error(
        `The alarm of the monitor of ${this.ctx.id.name ?? this.ctx.id} failed: ${String(error)}`,
      );
    }
  }

  /** Whatever leaves this object has been handed out: the next raise is a new one. */
  #tell(): ToldSnapshot {
    const now = Date.now();
    const drill = this.#drills.current(now);
    const snapshot = this.#orders.operations.over(this.#roster.snapshot);
    this.#handedOut = snapshot.version;
    const told = { ...snapshot, ...this.#promotions.told };
    return { snapshot: drill === undefined ? told : { ...told, drill }, at: now };
  }
}
