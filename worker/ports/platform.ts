export interface Clock {
  /** Milliseconds since 1970. On Cloudflare it only moves with I/O. */
  now(): number;
}

export interface Chance {
  bytes(count: number): Uint8Array<ArrayBuffer>;
}

export interface Timers {
  /** Runs once after `ms`, unless it is cancelled before. */
  after(ms: number, run: () => void): () => void;
  /** Resolves after `ms`, or at once when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Keeps work alive after the answer has left. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** The shard did not answer within its retries. A write may nevertheless have been done. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly why: string;
}

/** Counters of this isolate. */
export interface Counters {
  add(name: string): void;
  all(): Readonly<Record<string, number>>;
}
