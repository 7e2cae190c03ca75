/** The longest that an origin is believed to be busy for. */
const longestMs = 60_000;

/** Milliseconds that a `Retry-After` asks for: seconds or a date, a minute at most; undefined where there is none to read. */
export function retryAfterMs(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(longestMs, Math.max(0, ms));
}
