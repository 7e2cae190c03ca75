import { Process, type Scheduler } from './scheduler.ts';
import type { ObjectClass } from './product.ts';
import { ObjectStorage } from './sqlite.ts';

const alarmRetryMs = 2_000;

interface Life {
  readonly process: Process;
  object: object | undefined;
  ready: Promise<unknown>;
}

export interface ObjectHostOptions {
  readonly scheduler: Scheduler;
  readonly class: ObjectClass;
  readonly env: () => object;
  /** Asked at each call: how soon the object is evicted, or undefined where it lives on. */
  readonly endsInMs: () => number | undefined;
}

/** One Durable Object: its storage, and one life after the other. A life begins with a call or an alarm, and ends with an eviction. */
export class ObjectHost {
  #name: string;
  /** Nobody reaches it, and its alarm does not ring. */
  #isAway = false;
  readonly storage = new ObjectStorage();
  readonly #scheduler: Scheduler;
  readonly #class: ObjectClass;
  readonly #env: () => object;
  readonly #endsInMs: () => number | undefined;
  readonly #platform = new Process('platform');
  #life: Life | undefined;
  #lives = 0;
  #isAlarmRunning = false;
  #doomedInMs: number | undefined;
  #unset: () => void = () => undefined;

  constructor(name: string, options: ObjectHostOptions) {
    this.#name = name;
    this.#scheduler = options.scheduler;
    this.#class = options.class;
    this.#env = options.env;
    this.#endsInMs = options.endsInMs;
  }

  /** `shard shop:xx00001`: what it is, and its name. */
  get name(): string {
    return this.#name;
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  /** It is something else from now on, the life that it is in as well. */
  rename(kind: string): void {
    this.#name = `${kind} ${this.#name.slice(this.#name.indexOf(' ') + 1)}`;
    if (this.#life !== undefined) this.#life.process.name = `${this.#name}/${this.#lives}`;
  }

  /** The machine is gone, with what it had in memory. */
  takeAway(): void {
    this.evict('its machine is gone');
    this.#isAway = true;
  }

  bringBack(): void {
    this.#isAway = false;
    if (this.storage.alarmAt !== undefined) this.#setAlarm(this.storage.alarmAt);
  }

  /** The life that takes a call now; a new one where there is none. */
  process(): Process {
    this.#life ??= {
      process: new Process(`${this.name}/${++this.#lives}`),
      object: undefined,
      ready: Promise.resolve(),
    };
    return this.#life.process;
  }

  get isAwake(): boolean {
    return this.#life !== undefined;
  }

  /** Must run as the life's own process. */
  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    const life = this.#life;
    this.#meetDoom();
    if (life === undefined) throw new Error(`${this.name} has no life to call ${method} in`);
    life.object ??= this.#begin(life);
    await life.ready;
    const run: unknown = Reflect.get(life.object, method);
    if (typeof run !== 'function') throw new Error(`${this.name} has no method ${method}`);
    return structuredClone(await run.apply(life.object, structuredClone(args)));
  }

  /** The memory is gone, what is stored stays, and whoever waits for an answer gets none. */
  evict(why: string): void {
    if (this.#life === undefined) return;
    this.#scheduler.note(`${this.#life.process.name} is evicted: ${why}`);
    const { process } = this.#life;
    this.#life = undefined;
    process.kill();
    if (this.#isAlarmRunning) this.#setAlarm(this.#scheduler.now + alarmRetryMs);
    this.#isAlarmRunning = false;
  }

  /** The next call, or what follows it so many milliseconds later, is its life's last. */
  evictDuringNextCall(inMs: number): void {
    this.#doomedInMs = inMs;
  }

  #meetDoom(): void {
    const inMs = this.#doomedInMs ?? this.#endsInMs();
    this.#doomedInMs = undefined;
    if (inMs === undefined) return;
    const { process } = this.#life ?? {};
    this.#scheduler.after(inMs, this.#platform, () => {
      if (process !== undefined && process === this.#life?.process) this.evict('as planned');
    });
  }

  #begin(life: Life): object {
    const ctx = {
      id: { name: this.name.slice(this.name.indexOf(' ') + 1) },
      storage: {
        sql: this.storage.sql,
        kv: this.storage.kv,
        transactionSync: (work: () => void) => this.storage.transactionSync(work),
        getAlarm: async () => this.storage.alarmAt ?? null,
        setAlarm: async (at: number) => this.#setAlarm(at),
        deleteAlarm: async () => void (this.storage.alarmAt = undefined),
      },
      waitUntil: (work: Promise<unknown>) =>
        void work.catch((error: unknown) => this.#scheduler.note(`${this.name}: ${String(error)}`)),
      blockConcurrencyWhile: (work: () => Promise<unknown>) => {
        life.ready = work();
        return life.ready;
      },
      abort: (why: string) => this.evict(why),
    };
    return new this.#class(ctx, this.#env());
  }

  #setAlarm(at: number): void {
    this.storage.alarmAt = at;
    this.#unset();
    this.#unset = this.#scheduler.after(at - this.#scheduler.now, this.#platform, () => {
      if (!this.#isAway && this.storage.alarmAt === at)
        this.#scheduler.after(0, this.process(), () => void this.#ring());
    });
  }

  async #ring(): Promise<void> {
    this.storage.alarmAt = undefined;
    this.#isAlarmRunning = true;
    await this.call('alarm', []);
    this.#isAlarmRunning = false;
  }
}
