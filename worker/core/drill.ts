import { mix32 } from './hash.ts';
import type { OriginId, SessionId } from './ids.ts';
import { randomBitsOf } from './session-id.ts';

/** A fire drill: some of an origin's sessions see it as failed. At most one per pool; it travels in the snapshot. */
export interface Drill {
  /** Its incident. */
  readonly number: number;
  readonly origin: OriginId;
  /** In hundredths of a percent. */
  readonly share: number;
  /** Which sessions these are: drawn anew for each drill. */
  readonly seed: number;
  /** Whatever becomes of the monitor, no edge drills for longer. */
  readonly until: number;
}

export const wholeShare = 10_000;
/** A fire drill is no demolition. */
export const drillShareMax = 2_500;
export const drillForMaxMs = 600_000;
export const drillForMinMs = 1_000;
/** Origins besides the drilled one that must be up. */
export const othersMin = 2;

/** A session's id is random, and known to its client only: mixed with the drill's seed it says for all edges alike whether it takes part. */
export function isInDrill(drill: Drill, session: SessionId, home: OriginId, now: number): boolean {
  if (home !== drill.origin || now >= drill.until) return false;
  const draw = mix32(randomBitsOf(session) ^ drill.seed) >>> 0;
  return draw < (drill.share / wholeShare) * 4294967296;
}

export interface DrillWish {
  readonly origin: OriginId;
  readonly share: number;
  readonly forMs: number;
  /** The same wish, asked again, is one. */
  readonly nonce: string;
}

export interface DrillRefusal {
  readonly kind: 'refused';
  readonly code: 'unknown_origin' | 'origin_not_up' | 'too_few_origins' | 'drill_under_way' | 'route_only';
  readonly message: string;
}

/** An origin as a drill needs to know it: `state` is what is ordered of it. */
interface Member {
  readonly health: 'up' | 'down';
  readonly state?: string;
}

interface DrilledPool {
  readonly origins: Readonly<Record<OriginId, Member>>;
  readonly routeOnly?: true;
}

/** Why there must be no drill now; undefined where there may be one. Who is ordered out of the pool counts neither for nor against it. */
export function drillRefusal(
  origin: OriginId,
  { origins, routeOnly }: DrilledPool,
): DrillRefusal | undefined {
  if (routeOnly === true)
    return refused('route_only', "By the operator's order nothing moves now: a drill would show nothing.");
  const standing = origins[origin];
  if (standing === undefined)
    return refused('unknown_origin', `Wanted one of ${Object.keys(origins).join(', ')}, found ${origin}.`);
  if (standing.health !== 'up')
    return refused('origin_not_up', `Origin ${origin} is down: there is nothing to drill.`);
  if (standing.state !== undefined)
    return refused('origin_not_up', `Origin ${origin} is ${standing.state}: its sessions leave it anyway.`);
  const members = Object.values(origins).filter(({ state }) => state === undefined);
  const up = members.filter(({ health }) => health === 'up').length;
  if (up - 1 < othersMin)
    return refused(
      'too_few_origins',
      `Wanted ${othersMin} other origins that are up, found ${up - 1}: a real failure during the drill would leave too few.`,
    );
  if (up * 2 < members.length)
    return refused('too_few_origins', `Less than half of the pool's origins are up.`);
  return undefined;
}

function refused(code: DrillRefusal['code'], message: string): DrillRefusal {
  return { kind: 'refused', code, message };
}
