import type { PoolConfig } from '../config/config.ts';
import { type OriginId, originId } from '../core/ids.ts';
import { probeUrl } from '../core/probing.ts';
import type { Clock, Doubt, Fetch, Timers, WaitUntil } from '../ports.ts';

type Verdict = Awaited<ReturnType<Doubt>>;

interface Probe {
  readonly from: number;
  verdict: Verdict | undefined;
}

/** A verdict this young is everybody's. */
const youngMs = 100;
const lookAgainMs = 10;

export interface DoubtOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly fetch: Fetch;
  /** For origins that are reached through a binding. */
  readonly bound?: ReadonlyMap<string, Fetch>;
  readonly waitUntil: WaitUntil;
}

/**
 * The probe of doubt: any answer at all, whatever its status, says that the origin lives. One at a time per origin: a request that comes meanwhile
 * looks at what the probe under way finds. (It must not wait for that request's promise: the runtime forbids it.)
 */
export function createDoubt(
  pool: PoolConfig,
  { clock, timers, fetch, bound, waitUntil }: DoubtOptions,
): Doubt {
  const probes = new Map<OriginId, Probe>();
  const urls = new Map(pool.origins.map(({ id, url }) => [originId(id), probeUrl(url, pool.health.path)]));
  const ways = new Map(pool.origins.map(({ id, via }) => [originId(id), bound?.get(via) ?? fetch]));
  const { doubtTimeoutMs } = pool.attempts;

  const run = (origin: OriginId): Promise<Verdict> => {
    const probe: Probe = { from: clock.now(), verdict: undefined };
    probes.set(origin, probe);
    const asked = ask(urls.get(origin), ways.get(origin) ?? fetch, timers, doubtTimeoutMs).then(
      (verdict) => (probe.verdict = verdict),
    );
    // The request that asks may be answered meanwhile, and would take the probe along with it.
    waitUntil(asked);
    return asked;
  };
  /** A probe whose request was cancelled says nothing, which is not the origin's silence. */
  const join = async (origin: OriginId, probe: Probe): Promise<Verdict> => {
    while (probe.verdict === undefined && isUnderWay(probe)) await timers.sleep(lookAgainMs);
    return probe.verdict ?? run(origin);
  };
  const isUnderWay = ({ from }: Probe): boolean => clock.now() - from <= doubtTimeoutMs + lookAgainMs;
  return (origin) => {
    const known = probes.get(origin);
    if (known === undefined) return run(origin);
    const isOfUse = known.verdict === undefined ? isUnderWay(known) : clock.now() - known.from <= youngMs;
    return isOfUse ? join(origin, known) : run(origin);
  };
}

async function ask(
  url: string | undefined,
  fetch: Fetch,
  timers: Timers,
  timeoutMs: number,
): Promise<Verdict> {
  if (url === undefined) return 'refuses';
  const ended = new AbortController();
  const init = {
    method: 'GET',
    redirect: 'manual',
    headers: { 'user-agent': 'limpet-probe' },
    signal: ended.signal,
  } as const;
  const asked: Promise<Verdict> = fetch(url, init).then(
    async (response) => {
      await response.body?.cancel();
      return isPlatformFailure(response.status) ? 'refuses' : 'answers';
    },
    () => 'refuses',
  );
  const silence = timers.sleep(timeoutMs, ended.signal).then((): Verdict => 'silent');
  const verdict = await Promise.race([asked, silence]);
  ended.abort();
  return verdict;
}

/** 520 to 530: Cloudflare's own words for an origin that did not answer. */
function isPlatformFailure(status: number): boolean {
  return status >= 520 && status <= 530;
}
