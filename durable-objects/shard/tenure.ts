import {
  notPromotedText,
  type Promotion,
  replacedText,
  type Tenancy,
  tenureMs,
} from '../../worker/core/promotion.ts';

/** Together a little less than an edge waits for its shard. */
const monitorPatienceMs = 350;
const replicaPatienceMs = 550;

/** What outlives the object's memory. */
interface KeptValues {
  get<Value>(key: string): Value | undefined;
  put<Value>(key: string, value: Value): void;
}

interface TenureParts {
  readonly kept: KeptValues;
  /** Whether it is the shard's own object, which nobody had to promote. */
  readonly isFirst: boolean;
  shard(): string;
  /** Only who has replicas can be replaced. */
  hasReplicas(): boolean;
  askMonitor(): Promise<Tenancy>;
  /** Resolves when one of them still takes this object's log. */
  askReplicas(): Promise<unknown>;
  /** It has nothing more to do with the replicas. */
  replaced(): void;
}

/**
 * Whether this object is still the shard. One that has replicas answers only for a few seconds after its monitor or a replica has confirmed it: a promotion
 * that cannot reach it waits for those to pass. The replicas' answers to the log confirm it by themselves.
 */
export class Tenure {
  readonly #parts: TenureParts;
  #until = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #replacedBy: Promotion | undefined;
  #yieldingTo: Promotion | undefined;
  /** Whether the monitor has the promotion: until then nobody else can confirm it. */
  #isRecorded: boolean;

  constructor(parts: TenureParts) {
    this.#parts = parts;
    this.#replacedBy = parts.kept.get<Promotion>('replacedBy');
    this.#isRecorded = parts.isFirst || parts.kept.get<boolean>('recorded') === true;
  }

  get replacedBy(): Promotion | undefined {
    return this.#replacedBy;
  }

  /** The newest attempt to replace it that it has heard of. */
  get attempt(): number {
    return this.#parts.kept.get<number>('attempt') ?? 0;
  }

  heardOf(attempt: number): void {
    if (attempt > this.attempt) this.#parts.kept.put('attempt', attempt);
  }

  /** Before anything is decided: who is replaced, or is handing over, decides nothing. */
  mustStand(): void {
    const by = this.#replacedBy ?? this.#yieldingTo;
    if (by !== undefined) throw new Error(replacedText(this.#parts.shard(), by));
  }

  /** Whether an answer may leave without a question. */
  get isSure(): boolean {
    return this.#isRecorded && (!this.#parts.hasReplicas() || Date.now() < this.#until);
  }

  /** Before anything is answered. Throws when nobody confirms it. */
  async sure(): Promise<void> {
    if (this.isSure) return;
    await this.#ask();
    if (this.isSure) return;
    this.mustStand();
    if (!this.#isRecorded) throw new Error(notPromotedText(this.#parts.shard()));
    const why = 'neither the monitor nor a replica confirms it';
    throw new Error(`Cannot answer as this may no longer be the shard ${this.#parts.shard()}: ${why}`);
  }

  /** One that nobody asks any more finds out by itself. */
  async look(): Promise<void> {
    if (this.#replacedBy === undefined && this.#parts.hasReplicas()) await this.#ask();
  }

  /** Somebody who would know has answered a question that was sent then. */
  confirmed(sentAt: number): void {
    this.#until = Math.max(this.#until, sentAt + tenureMs);
  }

  yieldTo(by: Promotion): void {
    this.#yieldingTo = by;
  }

  resume(): void {
    this.#yieldingTo = undefined;
  }

  replace(by: Promotion): void {
    this.#parts.kept.put('replacedBy', by);
    this.#replacedBy = by;
    this.#yieldingTo = undefined;
    this.#parts.replaced();
  }

  /** One question at a time; who comes meanwhile waits for its answer. */
  async #ask(): Promise<void> {
    this.#asking ??= this.#confirm();
    try {
      await this.#asking;
    } finally {
      this.#asking = undefined;
    }
  }

  async #confirm(): Promise<void> {
    const sentAt = Date.now();
    const said = await answerOf(this.#parts.askMonitor(), monitorPatienceMs);
    if (said === undefined) return this.#confirmByReplica();
    if (said.kind === 'replaced') this.replace(said.by);
    if (said.kind === 'held') this.#held(sentAt);
  }

  #held(sentAt: number): void {
    if (!this.#isRecorded) this.#parts.kept.put('recorded', true);
    this.#isRecorded = true;
    this.confirmed(sentAt);
  }

  async #confirmByReplica(): Promise<void> {
    const sentAt = Date.now();
    const said = await answerOf(
      this.#parts.askReplicas().then(() => 'taken'),
      replicaPatienceMs,
    );
    if (said !== undefined) this.confirmed(sentAt);
  }
}

/** Undefined when it fails or takes too long: then another one is asked. */
async function answerOf<Answer>(work: Promise<Answer>, patienceMs: number): Promise<Answer | undefined> {
  const silence = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => silence.resolve(undefined), patienceMs);
  try {
    return await Promise.race([work, silence.promise]);
  } catch (error) {
    console.error(`A shard could not ask whether it is still the one: ${String(error)}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
