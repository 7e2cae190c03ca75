import { afterProbe, type Health, isInDoubt, type ProbeResult } from '../../worker/core/health.ts';
import type { OriginId, PoolName } from '../../worker/core/ids.ts';
import {
  jittered,
  type ProbedOrigin,
  type ProbingConfig,
  type ProbingPolicy,
} from '../../worker/core/probing.ts';
import { verdictOf, type Vote } from '../../worker/core/votes.ts';
import { atOnceMax, inWaves } from '../waves.ts';
import { probe } from './probe.ts';
import type { Roster } from './roster.ts';
import { probeFrom, type ProberObjects } from './spread.ts';

const reportEveryMs = 500;
const againAfterMs = 250;

export interface ProbingOptions {
  readonly pool: PoolName;
  readonly storage: DurableObjectStorage;
  readonly roster: Roster;
  readonly env: { readonly PROBER?: ProberObjects };
  /** Whom to probe: those that are not ordered out of the pool. */
  asked(): readonly ProbedOrigin[];
  /** The pool is told something new. */
  changed(): void;
  /** `from`: when it was looked at. */
  probed(origin: OriginId, health: Health, result: ProbeResult, from: number): void;
}

/** When a pool's origins are probed, by whom, and what is learned from it. */
export class Probing {
  readonly #options: ProbingOptions;
  readonly #roster: Roster;
  readonly #reportedAt = new Map<OriginId, number>();
  #alarmAt: number | undefined;
  #roundAt = 0;
  #next: 'round' | 'doubt' = 'round';

  constructor(options: ProbingOptions) {
    this.#options = options;
    this.#roster = options.roster;
  }

  get alarmAt(): number | undefined {
    return this.#alarmAt;
  }

  async recallAlarm(): Promise<void> {
    this.#alarmAt = (await this.#options.storage.getAlarm()) ?? undefined;
  }

  /** Has everybody probed then. */
  arm(at: number): void {
    this.#roundAt = at;
    this.#set('round', at);
  }

  disarm(): void {
    this.#alarmAt = undefined;
  }

  isAlarmLost(now: number): boolean {
    const { probing } = this.#roster;
    if (probing === undefined) return false;
    return this.#alarmAt === undefined || this.#alarmAt < now - lateMs(probing);
  }

  /** The alarm's work: everybody, or between two rounds those in doubt. Armed first: what fails here does not end the probing. */
  async ring({ health }: ProbingConfig, now: number): Promise<void> {
    this.#roster.turn(now);
    const origins = this.#options.asked();
    const { intervalMs, doubtIntervalMs, jitter } = health;
    const isRound = this.#next === 'round';
    this.arm(isRound ? now + jittered(intervalMs, jitter, Math.random()) : this.#roundAt);
    await this.#judge(isRound ? origins : origins.filter(({ id }) => this.#isInDoubt(id)));
    // Not just before the round: two probes in a row that fail are to be two moments.
    const isWorthIt = now + 1.5 * doubtIntervalMs <= this.#roundAt;
    if (isWorthIt && origins.some(({ id }) => this.#isInDoubt(id)))
      this.#set('doubt', now + jittered(doubtIntervalMs, jitter, Math.random()));
  }

  /** An isolate could not reach the origin: looks at once, and again until it is known. Undefined where it was looked at just now. */
  report(origin: OriginId, now: number): Promise<void> | undefined {
    const member = this.#roster.member(origin);
    if (member === undefined || now - (this.#reportedAt.get(origin) ?? 0) < reportEveryMs) return undefined;
    this.#reportedAt.set(origin, now);
    return this.#doubt(member);
  }

  async #doubt(origin: ProbedOrigin): Promise<void> {
    const tries = this.#roster.probing?.health.fall ?? 1;
    for (let done = 0; done < tries; done++) {
      if (done > 0) await pause(againAfterMs);
      const [result] = await this.#judge([origin]);
      if (result?.ok === true || this.#roster.healthOf(origin.id)?.health === 'down') return;
    }
  }

  /** A handful is probed from here; more, or from somewhere else, by helpers. What these cannot say is looked up from here. */
  async #judge(origins: readonly ProbedOrigin[]): Promise<(ProbeResult | undefined)[]> {
    const { probing } = this.#roster;
    if (probing === undefined) return [];
    const from = Date.now();
    const isFew = origins.length <= atOnceMax && probing.health.vantages.length === 0;
    const votes = isFew ? [] : await this.#votes(origins, probing);
    const results: (ProbeResult | undefined)[] = [];
    await inWaves([...origins.entries()], async ([at, origin]) => {
      const voices = votes[at] ?? [];
      const result =
        voices.length > 0 ? verdictOf(voices) : await probe(origin, probing.health, this.#options.env);
      results[at] = result;
      if (result !== undefined) this.#learn(origin, result, from, probing.health);
    });
    return results;
  }

  async #votes(origins: readonly ProbedOrigin[], { health }: ProbingConfig): Promise<Vote[][]> {
    const { pool, env } = this.#options;
    const regions = health.vantages.length === 0 ? [''] : health.vantages;
    const answers = await Promise.all(
      regions.map((region, at) => probeFrom(env.PROBER, { pool, region, path: String(at) }, origins, health)),
    );
    return origins.map((_, at) =>
      answers.flatMap((results, voter): Vote[] => {
        const result = results[at];
        return result ? [{ region: regions[voter] ?? '', result }] : [];
      }),
    );
  }

  #learn(origin: ProbedOrigin, result: ProbeResult, from: number, policy: ProbingPolicy): void {
    // Read after the probe: a raise or another probe may have come in between.
    const health = this.#roster.healthOf(origin.id);
    if (health === undefined || this.#roster.member(origin.id)?.url !== origin.url) return;
    const { version } = this.#roster;
    const after = afterProbe(health, result, policy);
    this.#roster.learn(origin.id, after);
    this.#options.probed(origin.id, after, result, from);
    if (this.#roster.version !== version) this.#options.changed();
  }

  #isInDoubt(origin: OriginId): boolean {
    const health = this.#roster.healthOf(origin);
    return health !== undefined && isInDoubt(health);
  }

  #set(next: 'round' | 'doubt', at: number): void {
    this.#next = next;
    this.#alarmAt = at;
    void this.#options.storage.setAlarm(at);
  }
}

/** An alarm handler works until its last probe has timed out; only then can the next one come. One that was not lost after all is a round more. */
function lateMs({ health }: ProbingConfig): number {
  return health.timeoutMs + 1_000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
