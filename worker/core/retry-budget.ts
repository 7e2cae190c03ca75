export interface RetryBudget {
  /** Share of the window's requests. */
  readonly percent: number;
  /** So many are always allowed. */
  readonly min: number;
}

export function isWithinBudget(retries: number, requests: number, { percent, min }: RetryBudget): boolean {
  return retries < Math.max(min, (requests * percent) / 100);
}
