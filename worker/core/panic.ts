export interface PanicPolicy {
  readonly thresholdPercent: number;
  readonly minimumOrigins: number;
}

/** `calm`: health is believed. `panic`: so many are out that health is doubted rather than they. `spent`: too few are left to begin anything there. */
export type Mood = 'calm' | 'panic' | 'spent';

export function moodOf(usable: number, all: number, { thresholdPercent, minimumOrigins }: PanicPolicy): Mood {
  if (usable < minimumOrigins) return 'spent';
  return usable * 100 < all * thresholdPercent ? 'panic' : 'calm';
}
