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
  readonly waitUntil: WaitUntil;
  /** Told of every newer version. */
  readonly heard?: Incidents['heard'];
}

const askPauseMs = 1_000;
const monitorPatienceMs = 1_000;
const joinEveryMs = 5;

/** A snapshot and the moment of this isolate's clock as of which it is true. */
interface Heard {
  readonly snapshot: Snapshot;
  readonly from: number;
}

/** This isolate's memory of the pool. Never throws, and asks at most once a second whoever wants to know. */
export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { clock, timers, waitUntil } = options;
  let held: Heard | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let isAsking = false;

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
    isAsking = true;
    const heard = await hear(options);
    keep(heard && (await ready(heard, options)));
    isAsking = false;
  };

  // A request must not wait for another one's promise: workerd would cancel it. Looking at what the other has left is fine.
  const isWorthWaiting = () => isAsking && current().ageMs > staleAfterMs;
  const join = async (patienceMs: number): Promise<void> => {
    const until = clock.now() + patienceMs;
    while (isWorthWaiting() && clock.now() < until) await timers.sleep(joinEveryMs);
  };

  return {
    current,
    async refresh(patienceMs) {
      if (clock.now() - askedAt < askPauseMs) {
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

/** The cache, then the monitor, then the mirror. */
async function hear(options: SnapshotsOptions): Promise<Heard | undefined> {
  return (await fromCache(options)) ?? (await fromMonitor(options)) ?? (await fromMirror(options));
}

function cacheUrl(pool: PoolName): string {
  return `https://limpet.internal/snapshot/${pool}`;
}

async function fromCache({ pool, cache, clock }: SnapshotsOptions): Promise<Heard | undefined> {
  const cached = await attempt(async () => (await cache.match(cacheUrl(pool)))?.json<unknown>());
  if (!isTold(cached)) return undefined;
  const now = clock.now();
  const ageMs = Math.max(0, now - cached.at);
  // The clocks of two machines may differ a little; a cache that keeps for longer than it was told is no cache.
  if (ageMs > staleAfterMs) return undefined;
  return { snapshot: cached.snapshot, from: now - Math.min(ageMs, refreshAfterMs) };
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
  return { snapshot: told.snapshot, from: now };
}

async function fromMirror({ pool, mirror }: SnapshotsOptions): Promise<Heard | undefined> {
  const told = await attempt(
    async () => JSON.parse((await mirror.get(snapshotMirrorKey(pool))) ?? 'null') as unknown,
  );
  return isTold(told) ? { snapshot: told.snapshot, from: told.at } : undefined;
}

function cacheable(told: ToldSnapshot): Response {
  return new Response(JSON.stringify(told), {
    headers: { 'Cache-Control': 'max-age=1', 'Content-Type': 'application/json' },
  });
}

function isTold(value: unknown): value is ToldSnapshot {
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
