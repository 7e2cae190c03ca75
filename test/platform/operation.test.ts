import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OriginId, originId, poolName } from '../../worker/core/ids.ts';
import type { Order, OriginState } from '../../worker/core/operation.ts';
import { plainProbing, type ProbingConfig } from '../../worker/core/probing.ts';
import { eventually } from './eventually.ts';

const [a, b] = [originId('a'), originId('b')];
let status = 200;
let asked: string[] = [];

beforeEach(() => {
  status = 200;
  asked = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    asked.push(new URL(String(input)).hostname);
    return new Response('ok', { status });
  });
});
afterEach(() => vi.restoreAllMocks());
vi.setConfig({ testTimeout: 20_000 });

const config = (ids: OriginId[], revision = 1, more: object = {}): ProbingConfig => ({
  revision,
  origins: ids.map((id) => ({ id, url: `http://${id}.test` })),
  health: {
    ...plainProbing,
    path: '/health',
    intervalMs: 300_000,
    doubtIntervalMs: 300_000,
    timeoutMs: 50,
    ...more,
  },
});
const to = (state: OriginState, origin = a): Order => ({
  kind: 'state',
  origin,
  state,
  by: 'operator',
  deadlineMs: 60_000,
});

function newMonitor(probing = config([a, b])) {
  const monitor = env.POOL_MONITOR.getByName(poolName(`pool-${crypto.randomUUID()}`));
  return {
    monitor,
    order: (order: Order) => monitor.order(probing, order),
    snapshot: async (other = probing) => (await monitor.snapshot(other)).snapshot,
    operationOf: async (id: OriginId) =>
      (await monitor.status()).origins.find((origin) => origin.id === id)?.operation,
  };
}

describe('what is ordered in operation', () => {
  it('[OS5] is in the next snapshot, of a higher version, and outlives an eviction', async () => {
    const { monitor, order, snapshot } = newMonitor();
    const before = await snapshot();
    expect(await order(to('draining'))).toMatchObject({ kind: 'ordered', said: 'changed' });
    await order({ kind: 'weight', origin: b, weight: 7 });
    await order({ kind: 'route-only', to: 'on' });
    const after = await snapshot();
    expect(after.version).toBeGreaterThan(before.version);
    expect(after).toMatchObject({
      origins: { a: { state: 'draining', until: expect.any(Number) }, b: { weight: 7 } },
      routeOnly: true,
    });
    await evictDurableObject(monitor);
    expect(await snapshot()).toEqual(after);
    await order(to('active'));
    await order({ kind: 'route-only', to: 'off' });
    expect(await snapshot()).toMatchObject({ origins: { a: { health: 'up' } } });
    expect((await snapshot()).origins[a]).not.toHaveProperty('state');
    expect(await snapshot()).not.toHaveProperty('routeOnly');
  });

  it('[OS5] given twice it changes nothing the second time', async () => {
    const { order, snapshot } = newMonitor();
    await order(to('down'));
    const { version } = await snapshot();
    expect(await order(to('down'))).toMatchObject({ said: 'the same' });
    expect((await snapshot()).version).toBe(version);
  });

  it('[OS5] outlives a new configuration, and goes with the origin that the configuration removes', async () => {
    const { order, snapshot } = newMonitor();
    await order(to('draining'));
    await order(to('down', b));
    expect((await snapshot(config([a, b], 2))).origins).toMatchObject({
      a: { state: 'draining' },
      b: { state: 'down' },
    });
    await snapshot(config([b], 3));
    const { origins } = await snapshot(config([a, b], 4));
    expect(origins).toMatchObject({ b: { state: 'down' } });
    expect(origins[a]).not.toHaveProperty('state');
  });

  it('[OS5] of an origin that nobody has is refused', async () => {
    const { order } = newMonitor(config([a]));
    expect(await order(to('down', b))).toEqual({ kind: 'no such origin' });
  });

  it('[OS3] whoever returns from being ordered out has a higher incarnation', async () => {
    const { order, snapshot } = newMonitor();
    await order(to('down'));
    const { origins } = await snapshot();
    await order(to('active'));
    expect((await snapshot()).origins[a]?.incarnation).toBe((origins[a]?.incarnation ?? 0) + 1);
  });

  it('[OS3] who is disabled is not probed, and is again when that ends', async () => {
    const { monitor, order, snapshot } = newMonitor();
    await snapshot();
    await eventually(async () => expect(asked).toContain('a.test'));
    await order(to('disabled'));
    await runDurableObjectAlarm(monitor);
    asked = [];
    await runDurableObjectAlarm(monitor);
    expect(asked).toEqual(['b.test']);
    await order(to('active'));
    await eventually(async () => expect(asked).toContain('a.test'));
  });
});

describe('a health path that answers 404', () => {
  it('[OS6] asks for a drain where it may, and a good answer ends it', async () => {
    const { monitor, snapshot, operationOf } = newMonitor(config([a, b], 1, { drainOn404Ms: 9_000 }));
    await snapshot();
    status = 404;
    await runDurableObjectAlarm(monitor);
    await eventually(async () =>
      expect(await operationOf(a)).toMatchObject({ state: 'draining', by: 'health' }),
    );
    expect((await snapshot()).origins[a]).toMatchObject({ health: 'up', state: 'draining' });
    status = 200;
    await runDurableObjectAlarm(monitor);
    await eventually(async () => expect(await operationOf(a)).toMatchObject({ state: 'active' }));
  });

  it('[OS6] ends no drain of the operator’s, and where it may not ask it is a failure', async () => {
    const { monitor, order, snapshot, operationOf } = newMonitor(config([a, b], 1, { drainOn404Ms: 9_000 }));
    await order(to('draining'));
    await snapshot();
    await runDurableObjectAlarm(monitor);
    expect(await operationOf(a)).toMatchObject({ state: 'draining', by: 'operator' });
    const plain = newMonitor();
    status = 404;
    await plain.snapshot();
    for (const _ of [1, 2]) await runDurableObjectAlarm(plain.monitor);
    await eventually(async () =>
      expect((await plain.snapshot()).origins[a]).toMatchObject({ health: 'down' }),
    );
    expect(await plain.operationOf(a)).toMatchObject({ state: 'active' });
  });
});
