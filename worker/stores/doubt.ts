import type { PoolConfig } from '../config/config.ts';
import type { OriginId } from '../core/ids.ts';
import { probeRequest, type ProbingPolicy } from '../core/probing.ts';
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
  readonly waitUntil: WaitUntil;
  readonly runtime: ProbingPolicy['runtime'];
  /** Also to an origin that has registered itself. */
  wayTo(origin: OriginId): Way | undefined;
}

/** Where an origin is, and what leads there: the runtime's own fetch, or a binding's. */
export interface Way {
  readonly url: string;
  readonly fetch: Fetch;
}

/**
 * The probe of doubt: any answer at all, whatever its status, says that the origin lives. One at a time per origin: a request that comes meanwhile
 * looks at what the probe under way finds. (It must not wait for that request's promise: the runtime forbids it.)
 */
export function createDoubt(pool: PoolConfig, options: DoubtOptions): Doubt {
  const { clock, timers, waitUntil, runtime, wayTo } = options;
  const probes = new Map<OriginId, Probe>();
  const how = { ...pool.health, runtime };
  const { doubtTimeoutMs } = pool.attempts;

  const run = (origin: OriginId): Promise<Verdict> => {
    const probe: Probe = { from: clock.now(), verdict: undefined };
    probes.set(origin, probe);
    const asked = ask(wayTo(origin), how, timers, doubtTimeoutMs).then(
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
  way: Way | undefined,
  how: Parameters<typeof probeRequest>[1],
  timers: Timers,
  timeoutMs: number,
): Promise<Verdict> {
  if (way === undefined) return 'refuses';
  const { url, headers, resolveOverride } = probeRequest(way.url, how);
  const ended = new AbortController();
  const init: RequestInit = { method: 'GET', redirect: 'manual', headers, signal: ended.signal };
  if (resolveOverride !== undefined) init.cf = { resolveOverride };
  const asked: Promise<Verdict> = way.fetch(url, init).then(
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
