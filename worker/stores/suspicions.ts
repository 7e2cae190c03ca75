import { afterSetback, type Growth, noSetbacks, prolonged, type Setbacks } from '../core/setbacks.ts';
import type { OriginId } from '../core/ids.ts';
import type { Suspicions } from '../ports.ts';

interface Suspicion {
  readonly from: number;
  readonly setbacks: Setbacks;
}

/**
 * Origins that failed this isolate. A suspicion ends when the origin answers a probe of doubt, or by itself when the monitor has had the time to
 * find out; what the monitor calls down stays unusable on its word. An origin that flaps too fast for the monitor is suspected for longer each time.
 */
export function createSuspicions(growth: Growth): Suspicions {
  const known = new Map<OriginId, Suspicion>();
  const held = (origin: OriginId, now: number) => {
    const suspicion = known.get(origin);
    return suspicion !== undefined && suspicion.setbacks.until > now ? suspicion : undefined;
  };
  return {
    isSuspect: (origin, now) => known.size > 0 && held(origin, now) !== undefined,
    since: (origin, now) => held(origin, now)?.from,
    suspect(origin, now) {
      const already = held(origin, now);
      const before = known.get(origin)?.setbacks ?? noSetbacks;
      const setbacks = already ? prolonged(before, now, growth) : afterSetback(before, now, growth);
      known.set(origin, { from: already?.from ?? now, setbacks });
      return already === undefined ? 'newly' : 'already';
    },
    trust(origin, now) {
      const suspicion = held(origin, now);
      if (suspicion !== undefined)
        known.set(origin, { ...suspicion, setbacks: { ...suspicion.setbacks, until: now } });
    },
  };
}
