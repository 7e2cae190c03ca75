import { describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../../worker/config/parse.ts';
import { type OriginId, poolName } from '../../../worker/core/ids.ts';
import type { Snapshot, Standing } from '../../../worker/core/snapshot.ts';
import { createEdge } from '../../../worker/edge.ts';
import { blame } from '../../../worker/steps/blame.ts';
import { open } from '../../../worker/steps/open.ts';
import { requestUrl } from '../../../worker/steps/route.ts';
import {
  createReportSuspect,
  createSnapshots,
  type MonitorObjects,
} from '../../../worker/stores/snapshots.ts';
import { createSuspicions } from '../../../worker/stores/suspicions.ts';
import type { Edge, Pool, Visit } from '../../../worker/visit.ts';
import { type ManualClock, manualClock } from '../manual-clock.ts';
import { a, b, publicUrl, secrets, startMs } from '../visit.ts';

const isolatesCount = 2_000;
const monitorMs = 60;
const cacheMs = 4;

/** The monitor, by what its edges ask of it. A doubt is settled by its probes half a second later. */
function fakeMonitor(clock: ManualClock) {
  const asked = { snapshots: 0, reports: 0 };
  let snapshot: Snapshot = { version: 1, origins: { [a]: up, [b]: up } };
  const say = (standing: object) => {
    const version = snapshot.version + 1;
    snapshot = { version, origins: { ...snapshot.origins, [a]: { ...up, ...standing } } };
  };
  const objects: MonitorObjects = {
    getByName: () => ({
      async snapshot() {
        asked.snapshots += 1;
        const told = { snapshot, at: clock.now() };
        await clock.sleep(monitorMs);
        return told;
      },
      async report() {
        asked.reports += 1;
        if (snapshot.origins[a]?.doubted === true || snapshot.origins[a]?.health === 'down') return;
        say({ doubted: true });
        await clock.sleep(500);
        say({ health: 'down' });
      },
      status: () => Promise.reject(new Error('not asked here')),
    }),
  };
  return { asked, objects };
}

const up: Standing = { health: 'up', incarnation: 0 };

/** One colo's cache: an entry is gone when its max-age is over, whoever looks. */
function coloCache(clock: ManualClock) {
  let entry: { text: string; until: number } | undefined;
  return {
    async match() {
      await clock.sleep(cacheMs);
      return entry === undefined || clock.now() > entry.until ? undefined : new Response(entry.text);
    },
    async put(_url: string, response: Response) {
      const seconds = Number(/max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1]);
      const text = await response.text();
      await clock.sleep(cacheMs);
      entry = { text, until: clock.now() + seconds * 1_000 };
    },
  };
}

async function world(colos: number) {
  const clock = manualClock(startMs);
  const monitor = fakeMonitor(clock);
  const { edge, pool } = await oneEdge(clock);
  const caches = Array.from({ length: colos }, () => coloCache(clock));
  const isolates = Array.from({ length: isolatesCount }, (_, at): Pool => {
    const options = {
      pool: pool.name,
      probing: {
        revision: 1,
        origins: [],
        health: { ...pool.config.health, jurisdiction: '', runtime: 'cloudflare' as const },
      },
      monitors: monitor.objects,
      cache: caches[at % colos] ?? coloCache(clock),
      mirror: { get: async () => null },
      clock,
      timers: clock,
      chance: { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) },
      prepare: async () => undefined,
      waitUntil: () => undefined,
    };
    return {
      ...pool,
      snapshots: createSnapshots(options),
      suspicions: createSuspicions({ baseMs: 6_000, maxMs: 30_000 }),
      report: createReportSuspect(options),
      doubt: async () => 'refuses',
    };
  });
  return { clock, monitor, isolates, visitAt: (of: Pool) => visitAt(edge, of) };
}

async function oneEdge(clock: ManualClock) {
  const origins = [a, b].map((id) => ({ id, url: `http://${id}.internal` }));
  const config = loadConfig(
    { pools: { shop: { origins } }, routes: [{ match: '/*', pool: 'shop' }] },
    { production: false },
  );
  const nobody = () => {
    throw new Error('Cannot ask a binding here');
  };
  const bindings = {
    shards: { getByName: nobody },
    monitors: { getByName: nobody },
    replicas: { getByName: nobody, jurisdiction: nobody },
    fallback: { get: nobody, getWithMetadata: nobody, put: nobody },
    cache: { match: nobody, put: nobody },
    stores: { redis: undefined, redisHttp: undefined },
    openSocket: nobody,
    reach: nobody,
    runtime: 'cloudflare',
    revision: 0,
    apiBase: undefined,
  } as const;
  const chance = { bytes: (count: number) => new Uint8Array(count) };
  const platform = { clock, timers: clock, chance, fetch: nobody, waitUntil: () => undefined };
  const edge = await createEdge(config, secrets, bindings, platform);
  const pool = edge.pools.get(poolName('shop'));
  if (pool === undefined) throw new Error('Cannot make isolates without a pool');
  return { edge, pool };
}

async function visitAt(edge: Edge, pool: Pool): Promise<Visit> {
  return open(new Request(publicUrl), edge, pool, requestUrl(publicUrl + '/'), () => undefined);
}

const fails = (visit: Visit) =>
  blame(visit, { kind: 'stateless', home: a, outcome: 'stateless', reason: 'no_key' }, 'undelivered');
const isKnown = (pool: Pool, origin: OriginId) => {
  const { health, doubted } = pool.snapshots.current().snapshot.origins[origin] ?? up;
  return health === 'down' || doubted === true;
};

type Simulated = Awaited<ReturnType<typeof world>>;

/** Every isolate has a request each third of a second, each at its own moments. */
async function traffic(
  { clock, isolates, visitAt }: Simulated,
  seconds: number,
  each: (visit: Visit) => void,
) {
  const stepMs = 2;
  for (let ms = 0; ms < seconds * 1_000; ms += stepMs) {
    for (let at = (ms * 6) % isolatesCount; at < ((ms * 6) % isolatesCount) + stepMs * 6; at++) {
      const pool = isolates[(at * 7) % isolatesCount];
      if (pool !== undefined) void visitAt(pool).then(each);
    }
    await clock.pass(stepMs);
  }
}

const passesBy = (visit: Visit) => expect(visit.pool.name).toBe('shop');

vi.setConfig({ testTimeout: 60_000 });

describe('2,000 isolates', () => {
  it.each([1, 50, 200])(
    '[PS21] in %i colos: the monitor is asked about once per second and colo, not per isolate',
    async (colos) => {
      const simulated = await world(colos);
      await traffic(simulated, 2, passesBy);
      const { asked } = simulated.monitor;
      asked.snapshots = 0;
      await traffic(simulated, 4, passesBy);
      const perSecond = asked.snapshots / 4;
      expect(perSecond).toBeLessThan(2 * colos + 10);
      expect(asked.reports).toBe(0);
    },
  );

  it('[PS22] what one isolate has seen is known to all within two seconds', async () => {
    const simulated = await world(50);
    const { isolates, monitor, visitAt } = simulated;
    await traffic(simulated, 3, passesBy);
    const [first] = isolates;
    if (first === undefined) throw new Error('Cannot fail without an isolate');
    void fails(await visitAt(first));
    await traffic(simulated, 2, passesBy);
    expect(isolates.filter((pool) => !isKnown(pool, a)).length).toBe(0);
    expect(monitor.asked.reports).toBe(1);
  });

  it('[PS23] an incident that all of them see is reported once by each at most, whatever the traffic', async () => {
    const simulated = await world(50);
    await traffic(simulated, 3, passesBy);
    const { asked } = simulated.monitor;
    asked.snapshots = 0;
    await traffic(simulated, 4, (visit) => {
      if (visit.view.usable(a)) void fails(visit);
    });
    expect(asked.reports).toBeLessThanOrEqual(isolatesCount);
    expect(asked.snapshots / 4).toBeLessThan(2 * 50);
    const before = asked.reports;
    await traffic(simulated, 3, (visit) => void fails(visit));
    expect(asked.reports).toBe(before);
  });
});
