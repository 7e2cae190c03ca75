import type { PoolName } from '../../worker/core/ids.ts';
import type { ProbeResult } from '../../worker/core/health.ts';
import type { ProbedOrigin, ProbingPolicy } from '../../worker/core/probing.ts';
import type { PlacedObjects } from '../../worker/stores/shard-replicas.ts';
import { within } from './within.ts';

/** What a helper answers to. */
export interface ProberObject {
  probe(
    origins: readonly ProbedOrigin[],
    policy: ProbingPolicy,
    vantage: Vantage,
  ): Promise<(ProbeResult | null)[]>;
}

export type ProberObjects = PlacedObjects<ProberObject>;

/** Which helper: of which pool, from where, and its place among those that it is spread over. */
export interface Vantage {
  readonly pool: PoolName;
  /** A location hint; empty: wherever it is made. */
  readonly region: string;
  readonly path: string;
}

/** An invocation has six outgoing connections. */
export const shareMax = 6;
const levelMs = 1_000;

/** How long a helper may take for so many: the time-out of its probes, and a moment for each level of helpers, so that the silence of a lower one is heard of in time. */
export function helperMs(count: number, { timeoutMs }: ProbingPolicy): number {
  return timeoutMs + levelMs * levels(count);
}

function levels(count: number): number {
  return count <= shareMax ? 1 : 1 + levels(Math.ceil(count / shareMax));
}

/** Probes from a vantage. A helper that fails or is silent is no word against an origin: its answers are `null`. */
export async function probeFrom(
  objects: ProberObjects | undefined,
  vantage: Vantage,
  origins: readonly ProbedOrigin[],
  policy: ProbingPolicy,
): Promise<(ProbeResult | null)[]> {
  try {
    const asked = proberAt(objects, vantage, policy).probe(origins, policy, vantage);
    return await within(helperMs(origins.length, policy), asked);
  } catch (error) {
    console.error(JSON.stringify({ event: 'prober_away', ...vantage, why: String(error) }));
    return origins.map(() => null);
  }
}

function proberAt(
  objects: ProberObjects | undefined,
  { pool, region, path }: Vantage,
  { jurisdiction }: ProbingPolicy,
): ProberObject {
  if (objects === undefined) throw new Error('this Worker binds no PROBER (docs/probing.md)');
  const lawful =
    jurisdiction === '' ? objects : objects.jurisdiction(jurisdiction as DurableObjectJurisdiction);
  const hint = region === '' ? {} : { locationHint: region as DurableObjectLocationHint };
  return lawful.getByName(`${pool}:${region}:${path}`, hint);
}
