/** How many answers it takes to know what is typical, and how far one of them moves it: a median that a few long answers do not move. */
export const typicalAfter = 30;
const step = 1.05;
/** A difference that nobody notices is none: half of what makes a request's origin doubted. */
export const noticeableMs = 150;

export class TypicalTime {
  #ms = 0;
  #seen = 0;

  /** Undefined until enough answers were seen. */
  get ms(): number | undefined {
    return this.#seen < typicalAfter ? undefined : this.#ms;
  }

  add(ms: number): void {
    const took = Math.max(1, ms);
    this.#seen += 1;
    if (this.#seen === 1) this.#ms = took;
    else this.#ms = took > this.#ms ? Math.min(took, this.#ms * step) : Math.max(took, this.#ms / step);
  }

  forget(): void {
    this.#seen = 0;
  }
}

/** Whether an origin is slow for its pool: `factor` times the median of the others, of whom there must be two at least. */
export function isSlow(mineMs: number, othersMs: readonly number[], factor: number): boolean {
  if (othersMs.length < 2) return false;
  const median = [...othersMs].sort((a, b) => a - b)[Math.floor(othersMs.length / 2)] ?? 0;
  return mineMs > median * factor && mineMs - median > noticeableMs;
}
