import type { OriginId, SessionId } from '../../worker/core/ids.ts';
import type { Entry } from '../../worker/core/page.ts';

/** Writes that are stored together: the newest entry of each session, and what must follow. */
export interface Group {
  readonly entries: Map<SessionId, Entry>;
  /** Chunks that nothing refers to any more once this group is stored. */
  readonly replaced: Set<string>;
  readonly raises: Set<OriginId>;
  readonly flushed: Promise<void>;
}

/** A lone write is not kept waiting; a crowd shares a row per this long. */
export const groupMs = 20;
/** A session on its way to another home shares a row with fewer: the request that moves it waits for its claim, and for the write after it again. */
export const moveMs = 5;
/** A state of this size fills rows of its own anyway. */
export const hurriedBytes = 512 * 1024;

/** Collects writes and says when they are stored. Nothing is answered before its group is. */
export class Groups {
  readonly #store: (group: Group) => void;
  readonly #failed: (error: unknown) => void;
  #open: (Group & { resolve(): void; reject(error: unknown): void }) | undefined;
  /** The group that is to be flushed soon. */
  #hurried: Group | undefined;
  #flushedAt = 0;

  constructor(store: (group: Group) => void, failed: (error: unknown) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  /** The group that the next write belongs to; it will be flushed without further ado. */
  open(now: number): Group {
    if (this.#open !== undefined) return this.#open;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Every writer awaits it too; this keeps a group without readers from being an unhandled rejection.
    promise.catch(() => undefined);
    this.#open = {
      entries: new Map(),
      replaced: new Set(),
      raises: new Set(),
      flushed: promise,
      resolve,
      reject,
    };
    const waitMs = this.#flushedAt + groupMs - now;
    if (waitMs <= 0) queueMicrotask(() => this.flush());
    else setTimeout(() => this.flush(), Math.min(waitMs, groupMs));
    return this.#open;
  }

  /** What a reader of this session waits for: an answer never shows what is not stored yet. */
  async settled(session: SessionId): Promise<void> {
    if (this.#open?.entries.has(session)) await this.#open.flushed;
  }

  /** As soon as this step is done: a large state does not stay in memory while others are waited for. */
  hurry(): void {
    queueMicrotask(() => this.flush());
  }

  /** Within `moveMs` of the last flush rather than `groupMs`. */
  soon(now: number): void {
    // One timer for all that come meanwhile: an origin that dies brings thousands of claims at once, and an object may have so many timers only.
    if (this.#open === undefined || this.#hurried === this.#open) return;
    this.#hurried = this.#open;
    const waitMs = this.#flushedAt + moveMs - now;
    if (waitMs <= 0) this.hurry();
    else setTimeout(() => this.flush(), Math.min(waitMs, moveMs));
  }

  flush(): void {
    const group = this.#open;
    if (group === undefined) return;
    this.#open = undefined;
    this.#hurried = undefined;
    this.#flushedAt = Date.now();
    try {
      this.#store(group);
    } catch (error) {
      group.reject(error);
      this.#failed(error);
      return;
    }
    group.resolve();
  }
}
