import { createHash } from 'node:crypto';

const nextTurn = setImmediate;

/** One memory that can end or stand still: an isolate, a request in it, an object's life, an origin's instance. */
export class Process {
  name: string;
  readonly #parent: Process | undefined;
  readonly parked: Event[] = [];
  readonly #lastWords = new Set<() => void>();
  #state: 'runs' | 'frozen' | 'dead' = 'runs';

  constructor(name: string, parent?: Process) {
    this.name = name;
    this.#parent = parent;
  }

  get state(): 'runs' | 'frozen' | 'dead' {
    return this.#parent?.state === 'dead' ? 'dead' : this.#state;
  }

  freeze(): void {
    if (this.#state === 'runs') this.#state = 'frozen';
  }

  /** What came meanwhile, in its order. */
  thaw(): Event[] {
    if (this.#state === 'frozen') this.#state = 'runs';
    return this.parked.splice(0);
  }

  /** Nothing that it waits for comes back to it any more. */
  kill(): void {
    this.#state = 'dead';
    for (const tell of this.#lastWords) tell();
    this.#lastWords.clear();
  }

  /** Whoever waits for an answer of this process hears of its end. Returns how to stop listening. */
  onDeath(tell: () => void): () => void {
    this.#lastWords.add(tell);
    return () => void this.#lastWords.delete(tell);
  }
}

/** The machine that a process is of: `edge0#17 …` is of `edge0`, `a2` of `a`, `shard …/3` of `shard`. */
export function machine({ name }: Process): string {
  return /^(edge\d+|shard|replica|former|monitor|[abc](?=\d))/.exec(name)?.[0] ?? name;
}

interface Event {
  readonly at: number;
  readonly process: Process;
  run(): void;
  cancelled: boolean;
}

/** Clock, timers and the order of everything. One event runs at a time, and all that follows from it without waiting. */
export class Scheduler {
  readonly log: string[] = [];
  readonly #queue: Event[] = [];
  readonly #hash = createHash('sha256');
  readonly #startMs: number;
  #now: number;
  /** Whose event runs: timers and calls that it makes are this process's own. */
  current: Process;

  constructor(startMs: number, outside: Process) {
    this.#startMs = startMs;
    this.#now = startMs;
    this.current = outside;
  }

  get now(): number {
    return this.#now;
  }

  get waiting(): number {
    return this.#queue.filter((event) => !event.cancelled && event.process.state !== 'dead').length;
  }

  after(ms: number, process: Process, run: () => void): () => void {
    const event: Event = { at: this.#now + Math.max(0, ms), process, run, cancelled: false };
    let at = this.#queue.length;
    while (at > 0 && (this.#queue[at - 1]?.at ?? 0) > event.at) at--;
    this.#queue.splice(at, 0, event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Takes the next event; false when there is none before `until`. */
  async step(until = Number.POSITIVE_INFINITY): Promise<boolean> {
    const event = this.#queue[0];
    if (event === undefined || event.at > until) return false;
    this.#queue.shift();
    if (event.cancelled || event.process.state === 'dead') return true;
    this.#now = Math.max(this.#now, event.at);
    if (event.process.state === 'frozen') event.process.parked.push(event);
    else await this.as(event.process, event.run);
    return true;
  }

  /** Runs as this process, to the point where everything waits. */
  async as(process: Process, run: () => void): Promise<void> {
    const before = this.current;
    this.current = process;
    run();
    await new Promise<void>((resolve) => nextTurn(resolve));
    this.current = before;
  }

  thaw(process: Process): void {
    for (const event of process.thaw()) this.after(0, process, () => event.cancelled || event.run());
  }

  async runUntil(until: number): Promise<void> {
    while (await this.step(until));
    this.#now = Math.max(this.#now, until);
  }

  note(text: string): void {
    const line = `${((this.#now - this.#startMs) / 1000).toFixed(3)} ${text}`;
    this.#hash.update(line).update('\n');
    this.log.push(line);
  }

  /** Of the whole log: equal for two runs of one seed. */
  get hash(): string {
    return this.#hash.copy().digest('hex');
  }
}
