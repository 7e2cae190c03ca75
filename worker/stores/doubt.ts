import type { PoolConfig } from '../config/config.ts';
import { type OriginId, originId } from '../core/ids.ts';
import { probeUrl } from '../core/probing.ts';
import type { Clock, Doubt, Fetch, Timers } from '../ports.ts';

type Verdict = Awaited<ReturnType<Doubt>>;

interface Probe {
  readonly from: number;
  verdict: Verdict | undefined;
}

/** A verdict this young is everybody's. */
const youngMs = 100;
const lookAgainMs = 10;

/**
 * The probe of doubt: any answer at all, whatever its status, says that the origin lives. One at a time per origin: a request that comes meanwhile
 * looks at what the probe under way finds. (It must not wait for that request's promise: the runtime forbids it.)
 */
export function createDoubt(pool: PoolConfig, { clock, timers, fetch }: { clock: Clock; timers: Timers; fetch: Fetch }): Doubt {
  const probes = new Map<OriginId, Probe>();
  const urls = new Map(pool.origins.map(({ id, url }) => [originId(id), probeUrl(url, pool.health.path)]));
  const { doubtTimeoutMs } = pool.attempts;

  const run = async (origin: OriginId, probe: Probe): Promise<Verdict> => {
    probe.verdict = await ask(urls.get(origin), fetch, timers, doubtTimeoutMs);
    return probe.verdict;
  };
  const join = async (probe: Probe): Promise<Verdict> => {
    while (probe.verdict === undefined && clock.now() - probe.from <= doubtTimeoutMs) await timers.sleep(lookAgainMs);
    return probe.verdict ?? 'silent';
  };
  return (origin) => {
    const now = clock.now();
    const known = probes.get(origin);
    if (known !== undefined && now - known.from <= (known.verdict === undefined ? doubtTimeoutMs : youngMs)) return join(known);
    const probe: Probe = { from: now, verdict: undefined };
    probes.set(origin, probe);
    return run(origin, probe);
  };
}

async function ask(url: string | undefined, fetch: Fetch, timers: Timers, timeoutMs: number): Promise<Verdict> {
  if (url === undefined) return 'refuses';
  const ended = new AbortController();
  const init = { method: 'GET', redirect: 'manual', headers: { 'user-agent': 'limpet-probe' }, signal: ended.signal } as const;
  const asked: Promise<Verdict> = fetch(url, init).then(async (response) => {
    await response.body?.cancel();
    return isPlatformFailure(response.status) ? 'refuses' : 'answers';
  }, () => 'refuses');
  const silence = timers.sleep(timeoutMs, ended.signal).then((): Verdict => 'silent');
  const verdict = await Promise.race([asked, silence]);
  ended.abort();
  return verdict;
}

/** 520 to 530: Cloudflare's own words for an origin that did not answer. */
function isPlatformFailure(status: number): boolean {
  return status >= 520 && status <= 530;
}
