import type { OriginId } from '../../worker/core/ids.ts';

/** Between two calls for one origin: the monitor answers a crowd of moves with one new snapshot anyway. */
export const raiseEveryMs = 250;
const patienceMs = 5_000;

interface RaiseBook {
  tell(origin: OriginId): Promise<void>;
  /** The monitor has it: nothing is left to be told again after an eviction. */
  acknowledged(origin: OriginId): void;
}

/** Tells the monitor which incarnations must rise: one call at a time per origin, and not again before a pause. */
export class Raises {
  readonly #book: RaiseBook;
  /** `due`: something happened that the monitor may not have seen; `told`: nothing since the call began. */
  readonly #running = new Map<OriginId, 'due' | 'told'>();

  constructor(book: RaiseBook) {
    this.#book = book;
  }

  /** Resolves when the monitor has it or could not be told; the alarm tries again. */
  async tell(origin: OriginId): Promise<void> {
    if (this.#running.has(origin)) {
      this.#running.set(origin, 'due');
      return;
    }
    this.#running.set(origin, 'due');
    try {
      while (this.#running.get(origin) === 'due') await this.#tellOnce(origin);
    } catch (error) {
      console.error(`Cannot tell the monitor to raise ${origin}, will be tried again: ${String(error)}`);
    } finally {
      this.#running.delete(origin);
    }
  }

  async #tellOnce(origin: OriginId): Promise<void> {
    this.#running.set(origin, 'told');
    await within(patienceMs, this.#book.tell(origin));
    if (this.#running.get(origin) === 'told') this.#book.acknowledged(origin);
    await pause(raiseEveryMs);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
