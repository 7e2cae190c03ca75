import { usageFailure } from './failure.ts';

const units = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `30s`, `10m`, `2h` in milliseconds. */
export function durationIn(flag: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 's' || unit === 'm' || unit === 'h'))
    return Number(count) * units[unit];
  throw usageFailure(`${flag}: wanted a time such as 30s, 10m or 2h, found ${JSON.stringify(text)}`);
}
