import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PoolMonitor } from '../../durable-objects/pool-monitor.ts';
import { type OriginId, originId, poolName } from '../../worker/core/ids.ts';
import { plainProbing, type ProbingConfig } from '../../worker/core/probing.ts';
import { snapshotMirrorKey } from '../../worker/core/snapshot.ts';
import { eventually } from './eventually.ts';

type Monitor = DurableObjectStub<PoolMonitor>;

/** What each origin answers to its probes; one that is not here refuses. */
const answers = new Map<string, number>();
let asked: string[] = [];
let atOnce = { now: 0, most: 0 };

beforeEach(() => {
  answers.clear();
  asked = [];
  atOnce = { now: 0, most: 0 };
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const host = new URL(String(input)).hostname;
    asked.push(host);
    atOnce = { now: atOnce.now + 1, most: Math.max(atOnce.most, atOnce.now + 1) };
    await new Promise((resolve) => setTimeout(resolve, 2));
    atOnce = { ...atOnce, now: atOnce.now - 1 };
    const status = answers.get(host);
    if (status === undefined) throw new Error('refused');
    return new Response('ok', { status });
  });
});
afterEach(() => vi.restoreAllMocks());

vi.setConfig({ testTimeout: 20_000 });

const [a, b] = [originId('a'), originId('b')];
const config = (ids: OriginId[], revision = 1): ProbingConfig => ({
  revision,
  origins: ids.map((id) => ({ id, url: `http://${id}.test` })),
  health: {
    ...plainProbing,
    path: '/health',
    intervalMs: 300_000,
    doubtIntervalMs: 300_000,
    timeoutMs: 50,
    fall: 2,
    rise: 2,
  },
});

function newMonitor() {
  const pool = poolName(`pool-${crypto.randomUUID()}`);
  return { pool, monitor: env.POOL_MONITOR.getByName(pool) };
}

const healthOf = async (monitor: Monitor, id: OriginId) =>
  (await monitor.status()).origins.find((origin) => origin.id === id);
const probed = async (monitor: Monitor) =>
  eventually(async () =>
    expect((await monitor.status()).origins.map(({ last }) => last)).not.toContain('not probed yet'),
  );
/** The monitor's pool with every origin probed once. */
async function started(ids: OriginId[]) {
  for (const id of ids) answers.set(`${id}.test`, 200);
  const { pool, monitor } = newMonitor();
  await monitor.snapshot(config(ids));
  await probed(monitor);
  return { pool, monitor };
}

describe('probing', () => {
  it('[PM6] a new origin counts as up and is probed at once', async () => {
    answers.set('a.test', 202);
    const { monitor } = newMonitor();
    const { snapshot } = await monitor.snapshot(config([a]));
    expect(snapshot.origins).toEqual({ a: { health: 'up', incarnation: 0 } });
    await probed(monitor);
    expect(await healthOf(monitor, a)).toMatchObject({ health: 'up', last: 'status 202' });
  });

  it('[PM7] an origin falls and rises by its probes; each flip is a new version, a return a new incarnation', async () => {
    const { monitor } = await started([a, b]);
    const { snapshot: before } = await monitor.snapshot(config([a, b]));
    answers.set('a.test', 500);
    await runDurableObjectAlarm(monitor);
    expect((await monitor.snapshot(config([a, b]))).snapshot).toEqual(before);
    await runDurableObjectAlarm(monitor);
    const { snapshot: fallen } = await monitor.snapshot(config([a, b]));
    expect(fallen.version).toBe(before.version + 1);
    expect(fallen.origins).toEqual({
      a: { health: 'down', incarnation: 0 },
      b: { health: 'up', incarnation: 0 },
    });
    answers.set('a.test', 200);
    await runDurableObjectAlarm(monitor);
    await evictDurableObject(monitor);
    await runDurableObjectAlarm(monitor);
    await runDurableObjectAlarm(monitor);
    const { snapshot: risen } = await monitor.snapshot(config([a, b]));
    expect(risen).toMatchObject({
      version: before.version + 2,
      origins: { a: { health: 'up', incarnation: 1 } },
    });
  });

  it('[PM8] a handful is probed by the monitor itself, all at once', async () => {
    const ids = Array.from({ length: 5 }, (_, at) => originId(`o${at}`));
    await started(ids);
    expect(new Set(asked).size).toBe(5);
    expect(atOnce.most).toBe(5);
  });

  it('[PM9] an alarm that runs twice is two probes and nothing else', async () => {
    const { monitor } = await started([a]);
    const before = await monitor.snapshot(config([a]));
    await runInDurableObject(monitor, (instance) => instance.alarm());
    await runInDurableObject(monitor, (instance) => instance.alarm());
    expect((await monitor.snapshot(config([a]))).snapshot).toEqual(before.snapshot);
  });

  it('[PM10] rests when nobody has asked for ten minutes, and goes on with the next question', async () => {
    const { monitor } = await started([a]);
    await runInDurableObject(monitor, (_, { storage }) => storage.kv.put('askedAt', Date.now() - 600_001));
    await evictDurableObject(monitor);
    expect(await runDurableObjectAlarm(monitor)).toBe(true);
    await monitor.check();
    expect(await runDurableObjectAlarm(monitor)).toBe(false);
    await monitor.snapshot(config([a]));
    expect((await monitor.status()).alarmAt).toBeGreaterThan(0);
  });
});

describe('the watchdog', () => {
  it('[PM11] sets an alarm again that was lost', async () => {
    const { monitor } = await started([a]);
    await runInDurableObject(monitor, (_, { storage }) => storage.deleteAlarm());
    asked = [];
    await monitor.check();
    await eventually(() => expect(asked).toEqual(['a.test']));
    expect((await monitor.status()).alarmAt).toBeGreaterThan(Date.now());
  });

  it('[PM11] leaves an alarm alone that is still to come', async () => {
    const { monitor } = await started([a]);
    const { alarmAt } = await monitor.status();
    await monitor.check();
    expect((await monitor.status()).alarmAt).toBe(alarmAt);
  });
});

describe('a configuration', () => {
  it('[PM12] older than the one at hand is ignored, so that two deployments do not take turns', async () => {
    const { monitor } = await started([a]);
    const { snapshot } = await monitor.snapshot(config([a, b], 2));
    expect(Object.keys(snapshot.origins)).toEqual(['a', 'b']);
    expect((await monitor.snapshot(config([a], 1))).snapshot).toEqual(snapshot);
    await evictDurableObject(monitor);
    expect((await monitor.snapshot(config([a], 1))).snapshot).toEqual(snapshot);
  });

  it('[PM13] without an origin makes it vanish; when it comes back, older cookies of it must ask', async () => {
    const { monitor } = await started([a, b]);
    const { snapshot: without } = await monitor.snapshot(config([a], 2));
    expect(without.origins).toEqual({ a: { health: 'up', incarnation: 0 } });
    await evictDurableObject(monitor);
    const { snapshot: again } = await monitor.snapshot(config([a, b], 3));
    expect(again.origins).toEqual({
      a: { health: 'up', incarnation: 0 },
      b: { health: 'up', incarnation: 1 },
    });
  });
});

describe('a report', () => {
  it('[PM14] has a dead origin down without waiting for an interval', async () => {
    const { monitor } = await started([a, b]);
    answers.delete('a.test');
    asked = [];
    await Promise.all([monitor.report(a), monitor.report(a), monitor.report(a)]);
    await eventually(async () =>
      expect(await healthOf(monitor, a)).toMatchObject({ health: 'down', last: 'refused' }),
    );
    expect(asked).toEqual(['a.test', 'a.test']);
  });

  it('[PM14] of an origin that answers, or that is not in the pool, changes nothing', async () => {
    const { monitor } = await started([a]);
    asked = [];
    await monitor.report(b);
    await monitor.report(a);
    await eventually(() => expect(asked).toEqual(['a.test']));
    expect((await healthOf(monitor, a))?.health).toBe('up');
  });
});

describe('a doubt', () => {
  it('[PS24] is told with the next snapshot, and no more when the probes have decided', async () => {
    const { monitor } = await started([a, b]);
    const standings = async () => (await monitor.snapshot(config([a, b]))).snapshot.origins;
    const { promise, resolve } = Promise.withResolvers<void>();
    vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
      await promise;
      return new Response('ok');
    });
    await monitor.report(a);
    expect(await standings()).toMatchObject({ a: { health: 'up', doubted: true }, b: { health: 'up' } });
    resolve();
    await eventually(async () =>
      expect(await standings()).toEqual({
        a: { health: 'up', incarnation: 0 },
        b: { health: 'up', incarnation: 0 },
      }),
    );
  });

  it('[PS10] a return from being down says when it was', async () => {
    const { monitor } = await started([a]);
    const from = Date.now();
    answers.delete('a.test');
    await monitor.report(a);
    await eventually(async () => expect((await healthOf(monitor, a))?.health).toBe('down'));
    answers.set('a.test', 200);
    await runDurableObjectAlarm(monitor);
    await runDurableObjectAlarm(monitor);
    const back = (await monitor.snapshot(config([a]))).snapshot.origins[a];
    expect(back).toMatchObject({ health: 'up', incarnation: 1 });
    expect(back?.returnedAt).toBeGreaterThanOrEqual(from);
  });
});

describe('a raise', () => {
  it('[PM15] raises the incarnation once per snapshot that was handed out', async () => {
    const { monitor } = await started([a, b]);
    await monitor.snapshot(config([a, b]));
    await runInDurableObject(monitor, async (instance) => {
      await instance.raise(a);
      const { version } = await instance.status();
      // Nobody was told in between: those who will be are told of both.
      for (let more = 0; more < 5; more++) await instance.raise(a);
      expect((await instance.status()).version).toBe(version);
    });
    const { snapshot } = await monitor.snapshot(config([a, b]));
    expect(snapshot.origins).toEqual({
      a: { health: 'up', incarnation: 1 },
      b: { health: 'up', incarnation: 0 },
    });
    await monitor.raise(a);
    expect((await monitor.snapshot(config([a, b]))).snapshot.origins[a]?.incarnation).toBe(2);
  });

  it('[PM15] is kept over an eviction, and is not lost because of one', async () => {
    const { monitor } = await started([a]);
    await monitor.raise(a);
    await evictDurableObject(monitor);
    await monitor.raise(a);
    expect((await monitor.snapshot(config([a]))).snapshot.origins[a]?.incarnation).toBe(2);
  });

  it('[PM16] raises an origin that is down too: in panic its sessions stay with it', async () => {
    const { monitor } = await started([a]);
    answers.delete('a.test');
    await monitor.report(a);
    await eventually(async () => expect((await healthOf(monitor, a))?.health).toBe('down'));
    await monitor.raise(a);
    expect((await healthOf(monitor, a))?.incarnation).toBe(1);
  });
});

describe('the mirror in KV', () => {
  it('[PM17] has the snapshot soon after it has changed', async () => {
    const { pool, monitor } = await started([a]);
    const copy = () => env.FALLBACK.get<{ snapshot: unknown; at: number }>(snapshotMirrorKey(pool), 'json');
    await eventually(async () => expect(await copy()).not.toBeNull());
    await monitor.raise(a);
    const { snapshot } = await monitor.snapshot(config([a]));
    await eventually(async () => expect((await copy())?.snapshot).toEqual(snapshot));
  });
});
