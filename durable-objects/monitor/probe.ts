import type { ProbeResult } from '../../worker/core/health.ts';
import type { Fetch } from '../../worker/ports.ts';
import { reachThrough } from '../../worker/stores/reach.ts';
import { isExpected, type ProbedOrigin, type ProbingPolicy, probeUrl } from '../../worker/core/probing.ts';

/** Asks one origin's health path. Whatever goes wrong is a result. */
export async function probe(origin: ProbedOrigin, policy: ProbingPolicy, env: object): Promise<ProbeResult> {
  const send = wayTo(origin, env);
  if (send === undefined)
    return { ok: false, said: `no binding ${origin.via} in wrangler.toml`, at: Date.now() };
  try {
    const response = await send(probeUrl(origin.url, policy.path), {
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

function wayTo({ via }: ProbedOrigin, env: object): Fetch | undefined {
  return via === undefined ? (url, init) => fetch(url, init) : reachThrough(env, via);
}
