import type { ProbeResult } from '../../worker/core/health.ts';
import { isExpected, type ProbedOrigin, type ProbingPolicy, probeUrl } from '../../worker/core/probing.ts';

/** Asks one origin's health path. Whatever goes wrong is a result. */
export async function probe(origin: ProbedOrigin, policy: ProbingPolicy): Promise<ProbeResult> {
  try {
    const response = await fetch(probeUrl(origin.url, policy.path), {
      redirect: 'manual',
      headers: { 'User-Agent': 'limpet-probe' },
      signal: AbortSignal.timeout(policy.timeoutMs),
    });
    await response.body?.cancel();
    return {
      ok: isExpected(response.status, policy.expect),
      said: `status ${response.status}`,
      at: Date.now(),
    };
  } catch (error) {
    return { ok: false, said: error instanceof Error ? error.message : String(error), at: Date.now() };
  }
}
