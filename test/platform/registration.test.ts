import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { instanceId, originId } from '../../worker/core/ids.ts';
import { plainProbing, type ProbingConfig } from '../../worker/core/probing.ts';
import { openAfterMs, type Registration } from '../../worker/core/registration.ts';
import { eventually } from './eventually.ts';

vi.setConfig({ testTimeout: 20_000 });

const [a, web] = [originId('a'), originId('web-1')];
const config: ProbingConfig = {
  revision: 1,
  origins: [{ id: a, url: 'http://a.test' }],
  health: { ...plainProbing, intervalMs: 300_000, doubtIntervalMs: 300_000 },
};
const asked = (other: Partial<Registration> = {}): Registration => ({
  id: web,
  url: 'http://web-1.test',
  weight: 3,
  instance: instanceId('instance-number-1'),
  stamp: startedAt + 1,
  leaseMs: 30_000,
  ...other,
});

let probed: string[] = [];
let startedAt = 0;
beforeEach(() => {
  probed = [];
  startedAt = Date.now();
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    probed.push(new URL(String(input)).hostname);
    return new Response('ok');
  });
});
afterEach(() => vi.restoreAllMocks());

/** The objects' clock stands at this moment after the test's beginning. */
const at = (ms: number) => vi.spyOn(Date, 'now').mockReturnValue(startedAt + ms);
const newMonitor = () => env.POOL_MONITOR.getByName(`pool-${crypto.randomUUID()}`);
async function joined() {
  const monitor = newMonitor();
  at(0);
  await monitor.snapshot(config);
  await monitor.register(asked(), 10);
  const { snapshot } = await monitor.snapshot(config);
  return { monitor, snapshot };
}

describe('the monitor', () => {
  it('[RG2] announces who registers, and lets it take new sessions six seconds later', async () => {
    const { monitor, snapshot } = await joined();
    expect(snapshot.registered).toEqual({ [web]: { url: 'http://web-1.test', weight: 0 } });
    expect(snapshot.origins[web]?.health).toBe('up');
    const { origins } = await monitor.status();
    expect(origins.map(({ id, leasedUntil }) => [id, leasedUntil])).toEqual([
      [a, undefined],
      [web, startedAt + 30_000],
    ]);
    at(openAfterMs);
    const opened = await monitor.snapshot(config);
    expect(opened.snapshot.registered?.[web]?.weight).toBe(3);
    expect(opened.snapshot.version).toBeGreaterThan(snapshot.version);
  });

  it('[RG2] keeps it over an eviction; a renewal says nothing new', async () => {
    const { monitor, snapshot } = await joined();
    await evictDurableObject(monitor);
    at(1_000);
    expect((await monitor.register(asked({ stamp: startedAt + 2 }), 10)).kind).toBe('leased');
    expect((await monitor.snapshot(config)).snapshot).toEqual(snapshot);
  });

  it('[RG2] writes nothing for a renewal, and gives another lease when it was away itself', async () => {
    const { monitor, snapshot } = await joined();
    at(25_000);
    await monitor.register(asked({ stamp: startedAt + 2 }), 10);
    const stored = await runInDurableObject(monitor, (_, { storage }) => [
      ...storage.sql.exec<{ body: string }>('SELECT body FROM lease'),
    ]);
    expect(stored.map(({ body }) => JSON.parse(body).until)).toEqual([startedAt + 30_000]);
    at(40_000);
    await evictDurableObject(monitor);
    expect((await monitor.snapshot(config)).snapshot.registered).toBeDefined();
    at(70_000);
    const { snapshot: after } = await monitor.snapshot(config);
    expect(after.registered).toBeUndefined();
    expect(after.version).toBeGreaterThan(snapshot.version);
    await evictDurableObject(monitor);
    expect((await monitor.snapshot(config)).snapshot.registered).toBeUndefined();
  });

  it('[RG5] drops it when its lease ends: a new version for everybody, and a higher incarnation if it returns', async () => {
    const { monitor, snapshot } = await joined();
    at(30_000);
    const { snapshot: after } = await monitor.snapshot(config);
    expect(after.registered).toBeUndefined();
    expect(Object.keys(after.origins)).toEqual(['a']);
    expect(after.version).toBeGreaterThan(snapshot.version);
    await monitor.register(asked({ stamp: startedAt + 3 }), 10);
    const { snapshot: again } = await monitor.snapshot(config);
    expect(again.origins[web]?.incarnation).toBeGreaterThan(snapshot.origins[web]?.incarnation ?? 0);
  });

  it('[RG6] raises the incarnation when another instance takes the place: cookies of the first ask the map', async () => {
    const { monitor, snapshot } = await joined();
    const other = asked({ instance: instanceId('instance-number-2'), url: 'http://web-1b.test' });
    await monitor.register(other, 10);
    const { snapshot: after } = await monitor.snapshot(config);
    expect(after.origins[web]?.incarnation).toBe((snapshot.origins[web]?.incarnation ?? 0) + 1);
    expect(after.registered?.[web]?.url).toBe('http://web-1b.test');
    expect(await monitor.register(asked({ stamp: startedAt + 9 }), 10)).toEqual({ kind: 'replaced' });
  });

  it('[RG7] lets it go when it withdraws, and only the instance that is there', async () => {
    const { monitor } = await joined();
    await monitor.withdraw(web, instanceId('instance-number-9'), startedAt + 5);
    expect((await monitor.snapshot(config)).snapshot.registered).toBeDefined();
    await monitor.withdraw(web, instanceId('instance-number-1'), startedAt + 5);
    expect((await monitor.snapshot(config)).snapshot.registered).toBeUndefined();
    expect(await monitor.register(asked({ stamp: startedAt + 4 }), 10)).toEqual({ kind: 'replaced' });
  });

  const drains = (by: 'operator' | 'origin') =>
    ({ kind: 'state', origin: web, state: 'draining', by, deadlineMs: 60_000 }) as const;
  const next = asked({ instance: instanceId('instance-number-2') });

  it('[RG11] what an instance has asked for itself goes with it: the next one under its id takes new sessions', async () => {
    const { monitor } = await joined();
    await monitor.order(config, drains('origin'));
    expect((await monitor.snapshot(config)).snapshot.origins[web]?.state).toBe('draining');
    await monitor.register(asked({ stamp: startedAt + 2 }), 10);
    expect((await monitor.snapshot(config)).snapshot.origins[web]?.state).toBe('draining');
    await monitor.withdraw(web, asked().instance, startedAt + 5);
    await monitor.register(next, 10);
    expect((await monitor.snapshot(config)).snapshot.origins[web]?.state).toBeUndefined();
  });

  it('[RG11] an operator’s order holds for the next instance, and goes when the id is forgotten', async () => {
    const { monitor } = await joined();
    await monitor.order(config, drains('operator'));
    await monitor.withdraw(web, asked().instance, startedAt + 5);
    await monitor.register(next, 10);
    expect((await monitor.snapshot(config)).snapshot.origins[web]?.state).toBe('draining');
    await monitor.withdraw(web, next.instance, startedAt + 9);
    at(3_700_000);
    await monitor.check();
    const orders = await runInDurableObject(monitor, (_, { storage }) =>
      storage.sql.exec('SELECT id FROM operation').toArray(),
    );
    expect(orders).toEqual([]);
  });

  it('[RG2] probes it like any other origin', async () => {
    const monitor = newMonitor();
    await monitor.snapshot(config);
    await monitor.register(asked(), 10);
    await runDurableObjectAlarm(monitor);
    await eventually(() => expect(probed).toContain('web-1.test'));
    const { origins } = await monitor.status();
    expect(origins.map(({ id, last }) => [id, last])).toEqual([
      ['a', 'status 200'],
      ['web-1', 'status 200'],
    ]);
  });

  it('[RG10] forgets who left long ago, its health too', async () => {
    const { monitor } = await joined();
    at(30_000 + 3_600_000 + 1);
    await monitor.register(asked({ id: originId('web-2'), url: 'http://web-2.test' }), 1);
    const { snapshot } = await monitor.snapshot(config);
    expect(Object.keys(snapshot.origins)).toEqual(['a', 'web-2']);
    // Not even that it was replaced or had left: its stamp is an hour old, which no edge lets through.
    at(30_000 + 3_600_000 + 2);
    expect((await monitor.register(asked({ stamp: startedAt + 0 }), 2)).kind).toBe('leased');
  });
});
