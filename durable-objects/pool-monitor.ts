import { DurableObject } from 'cloudflare:workers';
import { afterProbe } from '../worker/core/health.ts';
import { type OriginId, poolName, type SessionId } from '../worker/core/ids.ts';
import type { DrillWish } from '../worker/core/drill.ts';
import type { Incident, Tally } from '../worker/core/incident.ts';
import type { LostWrite } from '../worker/core/lost-write.ts';
import { jittered, type ProbedOrigin, type ProbingConfig } from '../worker/core/probing.ts';
import type { Promotion, Tenancy } from '../worker/core/promotion.ts';
import type { ToldSnapshot } from '../worker/core/snapshot.ts';
import type { DrillSaid, MonitorStatus } from '../worker/ports.ts';
import { Drills } from './monitor/drills.ts';
import { Incidents } from './monitor/incidents.ts';
import { LostWriteRing } from './monitor/lost-writes.ts';
import { SnapshotMirror } from './monitor/mirror.ts';
import { probe } from './monitor/probe.ts';
import { PromotionBook } from './monitor/promotions.ts';
import { Roster } from './monitor/roster.ts';
import { atOnceMax, inWaves } from './waves.ts';

interface MonitorEnv {
  readonly FALLBACK: KVNamespace;
}

/** A pool that nobody visits is not probed. */
const restAfterMs = 600_000;
const askedKeptEveryMs = 60_000;
const reportEveryMs = 500;
const doubtEveryMs = 250;

/** Knows the health of one pool. RPC and alarm in, core/health decides, SQL out. */
export class PoolMonitor extends DurableObject<MonitorEnv> {
  readonly #roster: Roster;
  readonly #mirror: SnapshotMirror;
  readonly #lost: LostWriteRing;
  readonly #incidents: Incidents;
  readonly #drills: Drills;
  readonly #promotions: PromotionBook;
  readonly #raisedIn = new Map<OriginId, number>();
  readonly #reportedAt = new Map<OriginId, number>();
  #handedOut = 0;
  #askedAt: number;
  #askedKeptAt: number;
  #alarmAt: number | undefined;

  constructor(ctx: DurableObjectState, env: MonitorEnv) {
    super(ctx, env);
    this.#roster = new Roster(ctx.storage);
    this.#lost = new LostWriteRing(ctx.storage.sql);
    this.#promotions = new PromotionBook(ctx.storage.sql);
    const pool = poolName(ctx.id.name ?? ctx.storage.kv.get<string>('pool') ?? '');
    this.#mirror = new SnapshotMirror(env.FALLBACK, pool, {
      version: () => this.#roster.version,
      tell: () => this.#tell(),
    });
    this.#incidents = new Incidents(ctx.storage.sql, pool);
    this.#drills = new Drills(ctx.storage.kv, this.#incidents, {
      snapshot: () => this.#roster.snapshot,
      changed: () => {
        this.#roster.bump();
        ctx.waitUntil(this.#mirror.write());
      },
    });
    this.#askedAt = ctx.storage.kv.get<number>('askedAt') ?? 0;
    this.#askedKeptAt = this.#askedAt;
    // What an earlier life of this object has handed out is not known: taken as everything, so that a raise never gets lost.
    this.#handedOut = this.#roster.version;
    ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = (await ctx.storage.getAlarm()) ?? undefined;
    });
  }

  /** What the pool's edges route by. Asking keeps the probing alive and brings the configuration along. */
  async snapshot(probing: ProbingConfig): Promise<ToldSnapshot> {
    const now = Date.now();
    const rested = now - this.#askedAt > restAfterMs;
    this.#asked(now);
    if (this.#roster.adopt(probing, now) || rested) this.#arm(now);
    else if (this.#isAlarmLost(now)) this.#arm(now);
    return this.#tell();
  }

  /** An isolate could not reach the origin: look now rather than at the next interval. */
  async report(origin: OriginId): Promise<void> {
    const now = Date.now();
    const member = this.#member(origin);
    if (member === undefined || now - (this.#reportedAt.get(origin) ?? 0) < reportEveryMs) return;
    this.#reportedAt.set(origin, now);
    this.ctx.waitUntil(this.#doubt(member));
  }

  /** A session was claimed away from this origin or by another of its instances: older cookies of it must ask the map. */
  async raise(origin: OriginId): Promise<void> {
    const health = this.#roster.healths.get(origin);
    if (health === undefined || health.health === 'down') return;
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
    this.#alarmAt = (await this.ctx.storage.getAlarm()) ?? undefined;
    const now = Date.now();
    this.#lost.prune(now);
    this.#incidents.prune(now);
    this.#incidents.keepTo(new Set(this.#roster.healths.keys()), now);
    if (this.#isWanted(now) && this.#isAlarmLost(now)) this.#arm(now);
  }

  async status(): Promise<MonitorStatus> {
    const { version, probing, healths } = this.#roster;
    const origins = (probing?.origins ?? []).flatMap(({ id, url }) => {
      const health = healths.get(id);
      return health === undefined ? [] : [{ ...health, id, url }];
    });
    return { version, revision: probing?.revision, alarmAt: this.#alarmAt, askedAt: this.#askedAt, origins };
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
    this.#alarmAt = undefined;
    const { probing } = this.#roster;
    if (probing === undefined || !this.#isWanted(now)) return;
    this.#arm(now + jittered(probing.health.intervalMs, Math.random()));
    try {
      await inWaves(probing.origins, async (origin) => void (await this.#probe(origin)));
      await this.#mirror.write();
    } catch (error) {
      console.error(
        `The alarm of the monitor of ${this.ctx.id.name ?? this.ctx.id} failed: ${String(error)}`,
      );
    }
  }

  async #doubt(origin: ProbedOrigin): Promise<void> {
    const tries = this.#roster.probing?.health.fall ?? 1;
    for (let done = 0; done < tries; done++) {
      if (done > 0) await pause(doubtEveryMs);
      const ok = await this.#probe(origin);
      if (ok || this.#roster.healths.get(origin.id)?.health === 'down') return;
    }
  }

  async #probe(origin: ProbedOrigin): Promise<boolean> {
    const { probing } = this.#roster;
    if (probing === undefined) return true;
    const from = Date.now();
    const result = await probe(origin, probing.health, this.env);
    // Read after the probe: a raise or another probe may have come in between.
    const health = this.#roster.healths.get(origin.id);
    if (health === undefined || this.#member(origin.id)?.url !== origin.url) return result.ok;
    const { version } = this.#roster;
    const after = afterProbe(health, result, probing.health);
    this.#roster.learn(origin.id, after);
    this.#incidents.probed(origin.id, after, result, from);
    this.#drills.settle(Date.now());
    if (this.#roster.version !== version) this.ctx.waitUntil(this.#mirror.write());
    return result.ok;
  }

  /** Whatever leaves this object has been handed out: the next raise is a new one. */
  #tell(): ToldSnapshot {
    const now = Date.now();
    const drill = this.#drills.current(now);
    const { snapshot } = this.#roster;
    this.#handedOut = snapshot.version;
    const told = { ...snapshot, ...this.#promotions.told };
    return { snapshot: drill === undefined ? told : { ...told, drill }, at: now };
  }

  #member(origin: OriginId): ProbedOrigin | undefined {
    return this.#roster.probing?.origins.find(({ id }) => id === origin);
  }

  #asked(now: number): void {
    this.#askedAt = now;
    if (now - this.#askedKeptAt < askedKeptEveryMs) return;
    this.#askedKeptAt = now;
    this.ctx.storage.kv.put('askedAt', now);
    if (this.ctx.id.name !== undefined) this.ctx.storage.kv.put('pool', this.ctx.id.name);
  }

  #isWanted(now: number): boolean {
    return now - this.#askedAt <= restAfterMs;
  }

  #isAlarmLost(now: number): boolean {
    const { probing } = this.#roster;
    if (probing === undefined) return false;
    return this.#alarmAt === undefined || this.#alarmAt < now - lateMs(probing);
  }

  #arm(at: number): void {
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
  }
}

/** An alarm handler works until its last probe has timed out; only then can the next one come. */
function lateMs({ origins, health }: ProbingConfig): number {
  return health.intervalMs + health.timeoutMs * Math.ceil(origins.length / atOnceMax);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
