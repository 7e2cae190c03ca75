import type { OriginId } from '../core/ids.ts';
import type { Suspicions } from '../ports.ts';

/**
 * Origins that failed this isolate. A suspicion ends when the origin answers a probe of doubt, or by itself when the monitor has had the time to
 * find out; what the monitor calls down stays unusable on its word.
 */
export function createSuspicions(forMs: number): Suspicions {
  const since = new Map<OriginId, { readonly from: number; readonly until: number }>();
  const held = (origin: OriginId, now: number) => {
    const suspicion = since.get(origin);
    return suspicion !== undefined && suspicion.until > now ? suspicion : undefined;
  };
  return {
    isSuspect: (origin, now) => since.size > 0 && held(origin, now) !== undefined,
    since: (origin, now) => held(origin, now)?.from,
    suspect(origin, now) {
      const already = held(origin, now);
      since.set(origin, { from: already?.from ?? now, until: now + forMs });
      return already === undefined ? 'newly' : 'already';
    },
    trust: (origin) => void since.delete(origin),
  };
}
