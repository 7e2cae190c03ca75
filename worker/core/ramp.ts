import { mix32 } from './hash.ts';

const seed = 0x72616d70; // "ramp"
/** HAProxy's and nginx's ramps begin with next to nothing; a tenth lets an idle pool find out that an origin is back. */
const least = 0.1;

/**
 * Whether an origin that has been back for `backForMs` takes this newcomer already. Each key has one moment at which it is let in, the same in every
 * isolate, so that the parallel requests of a first page still agree on one home.
 */
export function isLetIn(key: number, originHash: number, backForMs: number, rampMs: number): boolean {
  if (backForMs >= rampMs) return true;
  const share = Math.max(least, backForMs / rampMs);
  return (mix32(key ^ originHash ^ seed) >>> 0) / 4294967296 < share;
}
