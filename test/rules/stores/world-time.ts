import type { Clock, Timers } from '../../../worker/ports.ts';

/** Time that passes only while somebody sleeps: the earliest sleeper is woken when nothing else is left to do. */
export class WorldTime implements Clock, Timers {
  #now = 0;
  #sleepers: { at: number; wake(): void }[] = [];

  now(): number {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  after(ms: number, wake: () => void): () => void {
    const sleeper = { at: this.#now + ms, wake };
    this.#sleepers.push(sleeper);
    this.#wakeNextWhenIdle();
    return () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.after(ms, resolve);
      signal?.addEventListener('abort', () => {
        cancel();
        resolve();
      });
    });
  }

  #wakeNextWhenIdle(): void {
    // A macrotask comes after every promise that can still go on by itself.
    setTimeout(() => {
      const next = this.#sleepers.toSorted((left, right) => left.at - right.at)[0];
      if (next === undefined) return;
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    });
  }
}
