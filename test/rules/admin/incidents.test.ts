import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import type { DrillWish } from '../../../worker/core/drill.ts';
import { type Incident, incidentOf } from '../../../worker/core/incident.ts';
import { noToll } from '../../../worker/core/tally.ts';
import type { DrillSaid } from '../../../worker/ports.ts';
import { a, createWorld, secrets, startMs, type World } from '../visit.ts';

let world: World;
let wishes: DrillWish[];

const failure: Incident = {
  ...incidentOf(17, {
    kind: 'failure',
    origin: a,
    detectedBy: 'request',
    how: 'silent',
    said: 'a request found it: silent',
    firstFailureAt: startMs - 5_000,
    detectedAt: startMs - 4_300,
  }),
  success: { firstAt: startMs - 4_200, lookUpMs: 90, slowestMs: 130 },
  toll: { ...noToll, moved: 3, restored: 2, empty: 1 },
};
const over: Incident = { ...failure, number: 16, endedAt: startMs - 60_000 };

async function setUp(options: Parameters<typeof createWorld>[0] = {}, said?: DrillSaid) {
  world = await createWorld(options);
  wishes = [];
  world.incidentDesk = {
    list: async () => [failure, over],
    drill: async (wish) => (wishes.push(wish), said ?? { kind: 'begun', incident: failure }),
    stopDrill: async () => ({ kind: 'stopped', number: 17 }),
  };
}
beforeEach(() => setUp());

const ask = async (path: string, order?: unknown) => {
  const init = order === undefined ? {} : { method: 'POST', body: JSON.stringify(order) };
  const headers = { authorization: `Bearer ${secrets.adminToken}` };
  const url = `https://shop.example.com/.limpet/admin/${path}`;
  const response = await answerOwnPath(new Request(url, { ...init, headers }), world.edge);
  return { status: response.status, said: (await response.json()) as Record<string, never> };
};

describe('incidents at the admin API', () => {
  it('[IN11] lists them with T and its parts', async () => {
    const { said } = await ask('incidents?pool=shop');
    expect(said).toMatchObject({
      version: 1,
      now: startMs,
      pools: [
        {
          pool: 'shop',
          incidents: [
            {
              id: 'shop:17',
              origin: 'a',
              detectedBy: 'request',
              endedAt: null,
              firstSuccessAt: startMs - 4_200,
              recovery: { detectionMs: 700, propagationMs: null, lookUpMs: 90, totalMs: 790, slowestMs: 130 },
              moved: 3,
              restored: 2,
              empty: 1,
              failed: 0,
              lostWrites: 0,
            },
            { id: 'shop:16', endedAt: startMs - 60_000 },
          ],
        },
      ],
    });
  });

  it('[IN11] shows one, by its id', async () => {
    for (const id of ['shop:16', 'shop%3A16'])
      expect((await ask(`incidents/${id}`)).said).toMatchObject({ incident: { id: 'shop:16' } });
  });

  it.each(['shop:1', 'shop', 'other:17', 'shop:x', '%E0%A4%A'])('[IN11] %s is none', async (id) => {
    expect(await ask(`incidents/${id}`)).toMatchObject({ status: 404, said: { code: 'no_incident' } });
  });

  it('[IN11] status has those that are open', async () => {
    world.status = {
      version: 1,
      revision: 1,
      alarmAt: undefined,
      askedAt: startMs,
      routeOnly: 'off',
      origins: [],
    };
    expect((await ask('status')).said).toMatchObject({ pools: [{ incidents: [{ id: 'shop:17' }] }] });
    const { said } = await ask('status');
    expect((said['pools'] as unknown as [{ incidents: unknown[] }])[0].incidents).toHaveLength(1);
  });

  it('[IN11] a monitor that does not answer is said to be so', async () => {
    world = await createWorld();
    expect((await ask('incidents')).said).toMatchObject({ pools: [{ unreachable: 'the test says so' }] });
    expect(await ask('incidents/shop:1')).toMatchObject({
      status: 503,
      said: { code: 'monitor_unreachable' },
    });
    expect(await ask('drill/stop', { pool: 'shop' })).toMatchObject({ status: 503 });
    expect(await ask('drill', { pool: 'shop', origin: 'a', sharePercent: 1, forMs: 1_000 })).toMatchObject({
      status: 503,
    });
  });
});

describe('a drill at the admin API', () => {
  const order = { pool: 'shop', origin: 'a', sharePercent: 1.5, forMs: 60_000 };

  it('[DR9] begins with a share in percent and a time', async () => {
    const { status, said } = await ask('drill', order);
    expect([status, said]).toMatchObject([200, { incident: { id: 'shop:17' } }]);
    expect(wishes).toMatchObject([{ origin: 'a', share: 150, forMs: 60_000 }]);
  });

  it.each([
    { sharePercent: 0 },
    { sharePercent: 26 },
    { sharePercent: 'many' },
    { forMs: 999 },
    { forMs: 600_001 },
    { forMs: '60s' },
    { origin: 7 },
  ])('[DR9] refuses %j', async (wrong) => {
    expect(await ask('drill', { ...order, ...wrong })).toMatchObject({
      status: 400,
      said: { code: 'malformed' },
    });
    expect(wishes).toEqual([]);
  });

  it.each([undefined, 'other', 7])('[DR9] pool %j is unknown', async (pool) => {
    for (const path of ['drill', 'drill/stop'])
      expect(await ask(path, { ...order, pool })).toMatchObject({
        status: 404,
        said: { code: 'unknown_pool' },
      });
  });

  it('[DR9] what is no JSON is an order for nothing', async () => {
    expect(await ask('drill', 'x')).toMatchObject({ status: 404, said: { code: 'unknown_pool' } });
  });

  it.each([{ mode: 'local' as const }, { onHomeLost: 'empty' as const }])(
    '[DR7] there is none where sessions lose their data as they move: %j',
    async (session) => {
      await setUp({ pool: { session } });
      expect(await ask('drill', order)).toMatchObject({ status: 409, said: { code: 'cannot_drill' } });
      expect(wishes).toEqual([]);
    },
  );

  it.each([
    ['unknown_origin', 404],
    ['too_few_origins', 409],
    ['drill_under_way', 409],
  ] as const)('[DR9] the monitor’s %s is %d', async (code, status) => {
    await setUp({}, { kind: 'refused', code, message: 'because' });
    expect(await ask('drill', order)).toMatchObject({ status, said: { code, message: 'because' } });
  });

  it('[DR9] is stopped, or there was none', async () => {
    expect((await ask('drill/stop', { pool: 'shop' })).said).toMatchObject({ stopped: 'shop:17' });
    world.incidentDesk = {
      ...world.incidentDesk,
      stopDrill: async () => ({ kind: 'stopped', number: null }),
    };
    expect(await ask('drill/stop', { pool: 'shop' })).toMatchObject({
      status: 404,
      said: { code: 'no_drill' },
    });
  });
});
