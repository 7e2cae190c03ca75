import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PoolMonitor } from '../../durable-objects/pool-monitor.ts';
import { type Incident, incidentsForMs } from '../../worker/core/incident.ts';
import { noToll, type Tally, type Toll } from '../../worker/core/tally.ts';
import type { OriginState } from '../../worker/core/operation.ts';
import { type OriginId, originId, poolName } from '../../worker/core/ids.ts';
import { plainProbing, type ProbingConfig } from '../../worker/core/probing.ts';
import { eventually } from './eventually.ts';

type Monitor = DurableObjectStub<PoolMonitor>;

vi.setConfig({ testTimeout: 20_000 });

/** Origins that answer their probes with this; the others refuse. */
const answers = new Map<string, number>();
let logged: Readonly<Record<string, unknown>>[] = [];

beforeEach(() => {
  answers.clear();
  logged = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(JSON.parse(line)));
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const status = answers.get(new URL(String(input)).hostname);
    if (status === undefined) throw new Error('refused');
    return new Response('ok', { status });
  });
});
afterEach(() => vi.restoreAllMocks());

const [a, b, c] = [originId('a'), originId('b'), originId('c')];
const config = (ids: readonly OriginId[]): ProbingConfig => ({
  revision: 1,
  origins: ids.map((id) => ({ id, url: `http://${id}.test` })),
  health: { ...plainProbing, intervalMs: 300_000, doubtIntervalMs: 300_000, timeoutMs: 50, rise: 1 },
});
const up = (...ids: readonly OriginId[]) => ids.forEach((id) => answers.set(`${id}.test`, 200));

async function started(ids: readonly OriginId[] = [a, b, c]) {
  up(...ids);
  const monitor = env.POOL_MONITOR.getByName(poolName(`pool-${crypto.randomUUID()}`));
  await monitor.snapshot(config(ids));
  await eventually(async () =>
    expect((await monitor.status()).origins.map(({ last }) => last)).not.toContain('not probed yet'),
  );
  return monitor;
}

const tally = (toll: Partial<Toll>, more: Partial<Tally> = {}): Tally => ({
  origin: a,
  drill: undefined,
  failure: undefined,
  heardAt: undefined,
  success: undefined,
  toll: { ...noToll, ...toll },
  ...more,
});
const seenAt = (at: number) =>
  ({ how: 'silent', firstAt: at - 700, knownAt: at, lastAt: at, isSuspect: true }) as const;
const tell = (monitor: Monitor, tallies: readonly Tally[], key: string = crypto.randomUUID()) =>
  monitor.noteIncidents(tallies, Date.now(), key);
const only = async (monitor: Monitor): Promise<Incident> => {
  const incidents = await monitor.incidents();
  expect(incidents).toHaveLength(1);
  return incidents[0] as Incident;
};

describe('the monitor’s records', () => {
  it('[IN9] a probe opens one when the origin falls, and a good probe ends it; both are lines of the log', async () => {
    const monitor = await started();
    answers.delete('a.test');
    await runDurableObjectAlarm(monitor);
    expect(await monitor.incidents()).toEqual([]);
    await runDurableObjectAlarm(monitor);
    const open = await only(monitor);
    expect(open).toMatchObject({
      origin: a,
      kind: 'failure',
      detectedBy: 'probe',
      how: 'refused',
      endedAt: null,
    });
    expect(open.firstFailureAt).toBeLessThanOrEqual(open.detectedAt);
    up(a);
    await eventually(async () => {
      await runDurableObjectAlarm(monitor);
      expect((await only(monitor)).endedAt).not.toBeNull();
    });
    expect(logged).toMatchObject([
      { event: 'incident_began', incident: 1, origin: 'a', said: 'refused' },
      { event: 'incident_ended', incident: 1, origin: 'a', lostWrites: 0, detectionMs: expect.any(Number) },
    ]);
  });

  it('[IN9] what edges tell opens one too, and counts up in it', async () => {
    const monitor = await started();
    await tell(monitor, [tally({ moved: 1, restored: 1 }, { failure: seenAt(Date.now()) })]);
    await tell(monitor, [tally({ moved: 4, restored: 3, empty: 1, failed: 2, lostWrites: 1 })]);
    await evictDurableObject(monitor);
    expect(await only(monitor)).toMatchObject({
      detectedBy: 'request',
      how: 'silent',
      toll: { moved: 5, restored: 4, empty: 1, failed: 2, lostWrites: 1 },
    });
  });

  it('[IN14] an operator takes the origin down: an incident at once, open however good its probes are, until it is let in again', async () => {
    const monitor = await started();
    const order = (state: OriginState) =>
      monitor.order(config([a, b, c]), { kind: 'state', origin: a, state, by: 'operator', deadlineMs: 0 });
    await order('down');
    const open = await only(monitor);
    expect(open).toMatchObject({ origin: a, detectedBy: 'operator', how: 'operator', endedAt: null });
    await tell(monitor, [tally({ moved: 2, restored: 2 })]);
    await runDurableObjectAlarm(monitor);
    await order('disabled');
    await evictDurableObject(monitor);
    await runDurableObjectAlarm(monitor);
    expect(await only(monitor)).toMatchObject({ number: open.number, endedAt: null, toll: { moved: 2 } });
    await order('active');
    expect((await only(monitor)).endedAt).not.toBeNull();
    await order('down');
    expect(await only(monitor)).toMatchObject({ number: open.number, endedAt: null });
    expect(logged.map(({ event }) => event)).toEqual([
      'incident_began',
      'incident_ended',
      'incident_goes_on',
    ]);
  });

  it('[IN14] what is failing already goes on as what it was; a drain and a weight are no incident', async () => {
    const monitor = await started();
    const state = (to: OriginState, origin: OriginId) =>
      monitor.order(config([a, b, c]), {
        kind: 'state',
        origin,
        state: to,
        by: 'operator',
        deadlineMs: 9_000,
      });
    await state('draining', b);
    await monitor.order(config([a, b, c]), { kind: 'weight', origin: c, weight: 0 });
    expect(await monitor.incidents()).toEqual([]);
    answers.delete('a.test');
    await runDurableObjectAlarm(monitor);
    await runDurableObjectAlarm(monitor);
    await state('down', a);
    expect(await only(monitor)).toMatchObject({ detectedBy: 'probe', how: 'refused' });
    await state('active', a);
    expect((await only(monitor)).endedAt).toBeNull();
  });

  it('[IN9] the same telling, asked again, counts once', async () => {
    const monitor = await started();
    for (const _ of [1, 2, 3]) await tell(monitor, [tally({ moved: 1 })], 'the same key');
    expect((await only(monitor)).toll.moved).toBe(1);
  });

  it('[IN9] the clock of the teller does not matter', async () => {
    const monitor = await started();
    const theirs = Date.now() - 86_400_000;
    await monitor.noteIncidents([tally({ moved: 1 }, { failure: seenAt(theirs) })], theirs, 'k');
    const { firstFailureAt, detectedAt } = await only(monitor);
    expect(detectedAt - firstFailureAt).toBe(700);
    expect(Date.now() - detectedAt).toBeLessThan(5_000);
  });

  it('[IN5] an origin that flaps has one incident, not one per flap', async () => {
    const monitor = await started();
    for (let flap = 0; flap < 3; flap++) {
      answers.delete('a.test');
      for (const _ of [1, 2]) await runDurableObjectAlarm(monitor);
      up(a);
      await eventually(async () => {
        await runDurableObjectAlarm(monitor);
        expect((await only(monitor)).endedAt).not.toBeNull();
      });
    }
    const events = logged.map(({ event }) => event);
    expect(events.filter((event) => event === 'incident_began')).toHaveLength(1);
    expect(events.filter((event) => event === 'incident_goes_on')).toHaveLength(2);
  });

  it('[IN9] a good probe ends none of which edges have just told: the probed path may lie', async () => {
    const monitor = await started();
    await tell(monitor, [tally({ moved: 1 }, { failure: seenAt(Date.now()) })]);
    for (const _ of [1, 2, 3]) await runDurableObjectAlarm(monitor);
    expect((await only(monitor)).endedAt).toBeNull();
    const clock = vi.spyOn(Date, 'now');
    const later = Date.now() + 12_001;
    clock.mockImplementation(() => later);
    await runDurableObjectAlarm(monitor);
    const { endedAt } = await only(monitor);
    expect(endedAt).toBeLessThan(later - 10_000);
  });

  it('[IN9] sessions that moved though nothing failed were moved by order', async () => {
    const monitor = await started();
    await tell(monitor, [tally({ moved: 2, restored: 2 })]);
    expect(await only(monitor)).toMatchObject({ detectedBy: 'operator', how: 'operator' });
  });

  it('[IN5] one request that failed opens none', async () => {
    const monitor = await started();
    await tell(monitor, [tally({ failed: 1 }), tally({ lostWrites: 1 })]);
    expect(await monitor.incidents()).toEqual([]);
  });

  it('[IN9] an origin that leaves the pool fails no more', async () => {
    const monitor = await started();
    await tell(monitor, [tally({ moved: 1 }, { failure: seenAt(Date.now()) })]);
    await monitor.snapshot({ ...config([b, c]), revision: 2 });
    await monitor.check();
    expect((await only(monitor)).endedAt).not.toBeNull();
  });

  it('[IN10] keeps the newest thousand, for thirty days, and no number comes twice', async () => {
    const monitor = await started();
    const past = Date.now() - incidentsForMs - 120_000;
    await runInDurableObject(monitor, (_instance, { storage }) => {
      for (let number = 1; number <= 1_100; number++) {
        const endedAt = number <= 50 ? past : Date.now() - 120_000;
        const incident = {
          number,
          kind: 'failure',
          origin: `o${number}`,
          endedAt,
          detectedAt: endedAt,
          toll: noToll,
        };
        storage.sql.exec('INSERT INTO incident VALUES (?, ?)', number, JSON.stringify(incident));
      }
    });
    await evictDurableObject(monitor);
    await tell(monitor, [tally({ moved: 1 }, { failure: seenAt(Date.now()) })]);
    const numbers = (await monitor.incidents()).map(({ number }) => number);
    expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([1_000, 1_101, 102]);
    const rows = await runInDurableObject(
      monitor,
      (_instance, { storage }) => storage.sql.exec('SELECT count(*) AS count FROM incident').one()['count'],
    );
    expect(rows).toBe(1_000);
  });

  it('[IN10] two hundred isolates that tell at once are a row or two, not two hundred; all are answered when it is stored', async () => {
    const monitor = await started();
    await tell(monitor, [tally({ moved: 1 }, { failure: seenAt(Date.now()) })]);
    const written = () =>
      runInDurableObject(monitor, (_instance, { storage }) => {
        const [row] = storage.sql.exec<{ body: string }>('SELECT body FROM incident').toArray();
        return (JSON.parse(row?.body ?? '{}') as Incident).toll.moved;
      });
    const telling = Promise.all(Array.from({ length: 200 }, () => tell(monitor, [tally({ moved: 1 })])));
    await eventually(async () => expect((await only(monitor)).toll.moved).toBeGreaterThan(100));
    expect(await written()).toBeLessThan(50);
    await telling;
    expect(await written()).toBe(201);
  });
});

const wish = (more: object = {}) => ({ origin: a, share: 100, forMs: 60_000, nonce: 'n', ...more });
const drillIn = async (monitor: Monitor) => (await monitor.snapshot(config([a, b, c]))).snapshot.drill;

describe('the monitor’s drill', () => {
  it('[DR8] travels in a newer snapshot, is recorded as an incident, and outlives an eviction', async () => {
    const monitor = await started();
    const { snapshot: before } = await monitor.snapshot(config([a, b, c]));
    const said = await monitor.drill(wish());
    expect(said).toMatchObject({
      kind: 'begun',
      incident: { kind: 'drill', origin: a, said: '1 % of its sessions for 60000 ms' },
    });
    await evictDurableObject(monitor);
    const { snapshot } = await monitor.snapshot(config([a, b, c]));
    expect(snapshot.version).toBeGreaterThan(before.version);
    expect(snapshot.drill).toMatchObject({ number: 1, origin: a, share: 100 });
    expect(snapshot.origins).toEqual(before.origins);
  });

  it('[DR8] the same wish is one drill; another one has to wait', async () => {
    const monitor = await started();
    const [one, same] = [await monitor.drill(wish()), await monitor.drill(wish())];
    expect(same).toEqual(one);
    expect(await monitor.drill(wish({ nonce: 'other', origin: b }))).toMatchObject({
      code: 'drill_under_way',
    });
  });

  it('[DR8] ends with its time, and moves nobody back', async () => {
    const monitor = await started();
    await monitor.drill(wish({ forMs: 1 }));
    await eventually(async () => expect(await drillIn(monitor)).toBeUndefined());
    expect(await only(monitor)).toMatchObject({ kind: 'drill', aborted: null, endedAt: expect.any(Number) });
  });

  it.each([
    [{ failed: 1 }, 'requests_failed'],
    [{ moved: 1, empty: 1 }, 'data_missing'],
  ])('[DR5] ends at once when it does harm: %j', async (toll, aborted) => {
    const monitor = await started();
    await monitor.drill(wish());
    await tell(monitor, [tally({ moved: 3, restored: 3 }, { drill: 1 })]);
    expect(await drillIn(monitor)).toBeDefined();
    await tell(monitor, [tally(toll, { drill: 1 })]);
    expect(await drillIn(monitor)).toBeUndefined();
    expect(await only(monitor)).toMatchObject({ aborted, endedAt: expect.any(Number) });
  });

  it('[DR2] ends when another origin falls, so that two others are always up', async () => {
    const monitor = await started();
    await monitor.drill(wish());
    answers.delete('b.test');
    for (const _ of [1, 2]) await runDurableObjectAlarm(monitor);
    expect(await drillIn(monitor)).toBeUndefined();
    const [real, drill] = await monitor.incidents();
    expect([real?.origin, drill?.aborted]).toEqual([b, 'too_few_origins']);
  });

  it.each([
    [{ kind: 'state', origin: b, state: 'disabled', by: 'operator', deadlineMs: 0 }, 'too_few_origins'],
    [{ kind: 'state', origin: a, state: 'draining', by: 'operator', deadlineMs: 0 }, 'origin_not_up'],
    [{ kind: 'route-only', to: 'on' }, 'route_only'],
  ] as const)(
    '[DR2] ends with an order after which there could be none, and none begins: %j',
    async (order, code) => {
      const monitor = await started();
      await monitor.drill(wish());
      await monitor.order(config([a, b, c]), order);
      expect(await drillIn(monitor)).toBeUndefined();
      const drills = (await monitor.incidents()).filter(({ kind }) => kind === 'drill');
      expect(drills).toMatchObject([{ aborted: code }]);
      expect(await monitor.drill(wish({ nonce: 'other' }))).toMatchObject({ kind: 'refused', code });
    },
  );

  it('[DR8] can be stopped, and what is told of it afterwards still counts', async () => {
    const monitor = await started();
    expect(await monitor.stopDrill()).toEqual({ kind: 'stopped', number: null });
    await monitor.drill(wish());
    expect(await monitor.stopDrill()).toEqual({ kind: 'stopped', number: 1 });
    await tell(monitor, [tally({ moved: 2, restored: 2 }, { drill: 1 })]);
    expect(await only(monitor)).toMatchObject({ aborted: 'operator', toll: { moved: 2 } });
  });

  it('[DR3] a real failure meanwhile is an incident of its own', async () => {
    const monitor = await started();
    await monitor.drill(wish());
    await tell(monitor, [
      tally({ moved: 1 }, { failure: seenAt(Date.now()) }),
      tally({ moved: 5 }, { drill: 1 }),
    ]);
    expect((await monitor.incidents()).map(({ kind, toll }) => [kind, toll.moved])).toEqual([
      ['failure', 1],
      ['drill', 5],
    ]);
  });
});
