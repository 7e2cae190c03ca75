import { vi } from 'vitest';

/** Waits for a condition, with patience for a busy machine. */
export function eventually<Found>(condition: () => Found | Promise<Found>): Promise<Found> {
  return vi.waitFor(condition, { timeout: 10_000, interval: 20 });
}
