import { DurableObject } from 'cloudflare:workers';
import type { ProbeResult } from '../worker/core/health.ts';
import type { ProbedOrigin, ProbingPolicy } from '../worker/core/probing.ts';
import { probe } from './monitor/probe.ts';
import { probeFrom, type ProberObjects, shareMax, type Vantage } from './monitor/spread.ts';

interface ProberEnv {
  readonly PROBER?: ProberObjects;
}

/** Probes for a pool's monitor. It remembers nothing. */
export class Prober extends DurableObject<ProberEnv> {
  /** Six origins by itself; more are handed on to six others, so that nobody ever has more than six connections. `null`: nobody could look. */
  async probe(
    origins: readonly ProbedOrigin[],
    policy: ProbingPolicy,
    vantage: Vantage,
  ): Promise<(ProbeResult | null)[]> {
    if (origins.length <= shareMax)
      return Promise.all(origins.map((origin) => probe(origin, policy, this.env)));
    const shares = sharesOf(origins);
    const results = await Promise.all(
      shares.map((share, at) =>
        probeFrom(this.env.PROBER, { ...vantage, path: `${vantage.path}.${at}` }, share, policy),
      ),
    );
    return results.flat();
  }
}

/** As few shares as can be probed at once; six where that is not enough, to be shared out again. */
function sharesOf(origins: readonly ProbedOrigin[]): ProbedOrigin[][] {
  const count = Math.min(shareMax, Math.ceil(origins.length / shareMax));
  const size = Math.ceil(origins.length / count);
  return Array.from({ length: count }, (_, at) => origins.slice(at * size, (at + 1) * size));
}
