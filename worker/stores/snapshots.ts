import type { OriginId, PoolName } from '../core/ids.ts';
import type { ProbingConfig } from '../core/probing.ts';
import {
  emptySnapshot,
  refreshAfterMs,
  type Snapshot,
  snapshotMirrorKey,
  staleAfterMs,
  type ToldSnapshot,
} from '../core/snapshot.ts';
import type {
  Chance,
  Clock,
  HeldSnapshot,
  Incidents,
  MonitorStatus,
  ReadStatus,
  ReportSuspect,
  Snapshots,
  Timers,
  WaitUntil,
} from '../ports.ts';

/** What a pool's monitor answers to. */
export interface MonitorObject {
  snapshot(probing: ProbingConfig): Promise<ToldSnapshot>;
  report(origin: OriginId): Promise<void>;
  status(): Promise<MonitorStatus>;
}

export interface MonitorObjects {
  getByName(name: string): MonitorObject;
}

/** The colo's cache, where there is one: that of Cloudflare, or of miniflare. */
export interface SnapshotCache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
}

export interface SnapshotsOptions {
  readonly pool: PoolName;
  readonly probing: ProbingConfig;
  /** What a new snapshot needs before anybody may see it. */
  prepare(snapshot: Snapshot): Promise<void>;
  readonly monitors: MonitorObjects;
  readonly cache: SnapshotCache;
  readonly mirror: { get(key: string): Promise<string | null> };
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly waitUntil: WaitUntil;
  /** Told of every newer version. */
  readonly heard?: Incidents['heard'];
}

const askPauseMs = 1_000;
/** What the colo's cache had may be a second old already: it is looked at again sooner. */
const lookPauseMs = 250;
/** One isolate asks the monitor for its colo; when it has not heard for so long, the next one does. */
const askingForMs = 300;
/** Who sees a snapshot age goes to the monitor by chance, the surer the older it is: a crowd that looks at the same moment must not go there together. */
const agedWithinMs = 200;
const monitorPatienceMs = 1_000;
/** A question that has been under way for longer is not waited for: its request may have been cancelled. */
const overdueMs = 3_000;
const joinEveryMs = 5;

/** A snapshot and the moment of this isolate's clock as of which it is true. */
interface Heard {
  readonly snapshot: Snapshot;
  readonly from: number;
  readonly by: 'cache' | 'monitor' | 'mirror';
}

/** What lies in the colo's cache: a snapshot, when it was told, and when an isolate last went to the monitor for a newer one. */
interface Cached extends ToldSnapshot {
  readonly askedAt?: number;
}

/** This isolate's memory of the pool. Never throws, and asks at most once a second whoever wants to know. */
export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { clock, timers, waitUntil } = options;
  let held: Heard | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let pauseMs = askPauseMs;
  let askingUntil = Number.NEGATIVE_INFINITY;
  const isAsking = () => clock.now() < askingUntil;

  const current = (): HeldSnapshot =>
    held === undefined
      ? { snapshot: emptySnapshot, ageMs: Number.POSITIVE_INFINITY }
      : { snapshot: held.snapshot, ageMs: Math.max(0, clock.now() - held.from) };

  const keep = (heard: Heard | undefined) => {
    if (heard === undefined) return;
    if (held === undefined || heard.snapshot.version > held.snapshot.version) {
      options.heard?.(current(), heard.snapshot);
      held = heard;
    } else if (heard.snapshot.version === held.snapshot.version && heard.from > held.from) held = heard;
  };

  const ask = async (): Promise<void> => {
    askedAt = clock.now();
    askingUntil = askedAt + overdueMs;
    const heard = await hear(options);
    keep(heard && (await ready(heard, options)));
    pauseMs = heard?.by === 'cache' ? lookPauseMs : askPauseMs;
    askingUntil = Number.NEGATIVE_INFINITY;
  };

  // A request must not wait for another one's promise: workerd would cancel it. Looking at what the other has left is fine.
  const isWorthWaiting = () => isAsking() && current().ageMs > staleAfterMs;
  const join = async (patienceMs: number): Promise<void> => {
    const until = clock.now() + patienceMs;
    while (isWorthWaiting() && clock.now() < until) await timers.sleep(joinEveryMs);
  };

  return {
    current,
    async refresh(patienceMs) {
      if (isAsking() || clock.now() - askedAt < pauseMs) {
        await join(patienceMs);
        return current();
      }
      const asked = ask();
      waitUntil(asked);
      await atMost(patienceMs, asked, timers);
      return current();
    },
  };
}

/** A snapshot that nothing can be made of is as good as none. */
async function ready(heard: Heard, { prepare }: SnapshotsOptions): Promise<Heard | undefined> {
  return attempt(async () => {
    await prepare(heard.snapshot);
    return heard;
  });
}

/**
 * The cache, then the monitor, then the mirror. Of all isolates in a colo one goes to the monitor when the cached snapshot is a second old; the others
 * make do with it meanwhile. So the monitor is asked about once per colo and second, however many isolates there are.
 */
async function hear(options: SnapshotsOptions): Promise<Heard | undefined> {
  const cached = await fromCache(options);
  if (cached?.isGood === true) return cached.heard;
  if (cached !== undefined) await markAsked(options, cached.told);
  return (await fromMonitor(options)) ?? cached?.heard ?? (await fromMirror(options));
}

function cacheUrl(pool: PoolName): string {
  return `https://limpet.internal/snapshot/${pool}`;
}

interface InCache {
  readonly told: Cached;
  readonly heard: Heard;
  /** Young, or about to be replaced by another isolate. */
  readonly isGood: boolean;
}

async function fromCache({ pool, cache, clock, chance }: SnapshotsOptions): Promise<InCache | undefined> {
  const told = await attempt(async () => (await cache.match(cacheUrl(pool)))?.json<unknown>());
  if (!isTold(told)) return undefined;
  const now = clock.now();
  const ageMs = Math.max(0, now - told.at);
  // The clocks of two machines may differ a little; a cache that keeps for longer than it was told is no cache.
  if (ageMs > staleAfterMs) return undefined;
  const { askedAt = Number.NEGATIVE_INFINITY } = told;
  const isYoung = ageMs <= refreshAfterMs + agedWithinMs * drawn(chance);
  const isGood = isYoung || Math.abs(now - askedAt) < askingForMs;
  return { told, heard: { snapshot: told.snapshot, from: now - ageMs, by: 'cache' }, isGood };
}

/** From just above 0 to 1. */
function drawn(chance: Chance): number {
  return ((chance.bytes(1)[0] ?? 0) + 1) / 256;
}

async function markAsked({ pool, cache, clock }: SnapshotsOptions, told: Cached): Promise<void> {
  await attempt(() => cache.put(cacheUrl(pool), cacheable({ ...told, askedAt: clock.now() })));
}

async function fromMonitor(options: SnapshotsOptions): Promise<Heard | undefined> {
  const { pool, probing, monitors, clock, timers, waitUntil } = options;
  const answer = attempt(() => monitors.getByName(pool).snapshot(probing));
  const told = await atMost(monitorPatienceMs, answer, timers);
  if (!isTold(told)) return undefined;
  const now = clock.now();
  waitUntil(
    attempt(() => options.cache.put(cacheUrl(pool), cacheable({ snapshot: told.snapshot, at: now }))),
  );
  return { snapshot: told.snapshot, from: now, by: 'monitor' };
}

async function fromMirror({ pool, mirror }: SnapshotsOptions): Promise<Heard | undefined> {
  const told = await attempt(
    async () => JSON.parse((await mirror.get(snapshotMirrorKey(pool))) ?? 'null') as unknown,
  );
  return isTold(told) ? { snapshot: told.snapshot, from: told.at, by: 'mirror' } : undefined;
}

function cacheable(told: Cached): Response {
  return new Response(JSON.stringify(told), {
    headers: { 'Cache-Control': `max-age=${staleAfterMs / 1_000}`, 'Content-Type': 'application/json' },
  });
}

function isTold(value: unknown): value is Cached {
  if (typeof value !== 'object' || value === null || !('snapshot' in value) || !('at' in value)) return false;
  const { snapshot, at } = value;
  return (
    typeof at === 'number' &&
    typeof snapshot === 'object' &&
    snapshot !== null &&
    'version' in snapshot &&
    'origins' in snapshot
  );
}

/** Each of the three sources may be away; the next one is asked then. */
async function attempt<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

async function atMost<Value>(ms: number, work: Promise<Value>, timers: Timers): Promise<Value | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([work, timers.sleep(ms, done.signal).then(() => undefined)]);
  } finally {
    done.abort();
  }
}

export interface ReportOptions {
  readonly pool: PoolName;
  readonly monitors: MonitorObjects;
}

/** A report that gets lost is no harm: the next probe finds out by itself. */
export function createReportSuspect({ pool, monitors }: ReportOptions): ReportSuspect {
  return async (origin) => {
    await attempt(() => monitors.getByName(pool).report(origin));
  };
}

export function createReadStatus({ pool, monitors }: ReportOptions): ReadStatus {
  return async () => {
    const status = await attempt(() => monitors.getByName(pool).status());
    return status ?? { kind: 'unreachable', why: `the monitor of pool ${pool} did not answer` };
  };
}
