/** How long an isolate looks back, and in how many steps its window moves on: Hystrix's and Envoy's ten seconds. */
export const windowMs = 10_000;
const slots = 5;
const slotMs = windowMs / slots;

export interface Tallied {
  readonly all: number;
  readonly bad: number;
}

/** Counts of the last ten seconds. It moves on when it is written or read: a Worker has no timers between requests. */
export class RollingCounts {
  readonly #all = new Uint32Array(slots);
  readonly #bad = new Uint32Array(slots);
  #slot = 0;

  add(now: number, bad: 0 | 1): void {
    this.#moveOn(now);
    const at = this.#slot % slots;
    this.#all[at] = (this.#all[at] ?? 0) + 1;
    if (bad === 1) this.#bad[at] = (this.#bad[at] ?? 0) + 1;
  }

  read(now: number): Tallied {
    this.#moveOn(now);
    return { all: sum(this.#all), bad: sum(this.#bad) };
  }

  /** A clock that goes back stays in the newest slot. */
  #moveOn(now: number): void {
    const slot = Math.floor(now / slotMs);
    if (slot <= this.#slot) return;
    const passed = Math.min(slots, slot - this.#slot);
    for (let step = 0; step < passed; step++) {
      this.#all[(slot - step) % slots] = 0;
      this.#bad[(slot - step) % slots] = 0;
    }
    this.#slot = slot;
  }
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
