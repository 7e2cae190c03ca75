import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import { nothingOrdered } from '../../../worker/core/operation.ts';
import { unprobed } from '../../../worker/core/health.ts';
import { a, createWorld, secrets, startMs, type World } from '../visit.ts';

let world: World;

beforeEach(async () => {
  world = await createWorld();
});

const ask = (path: string, authorization = `Bearer ${secrets.adminToken}`, method = 'GET') =>
  answerOwnPath(
    new Request(`https://shop.example.com/.limpet/admin/${path}`, { method, headers: { authorization } }),
    world.edge,
  );

describe('the admin API', () => {
  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    `Basic ${secrets.adminToken}`,
    `Bearer ${secrets.adminToken}x`,
    `Bearer ${secrets.originSecret}`,
  ])('[AD1] answers nothing to %j, whatever is asked', async (authorization) => {
    for (const path of ['status', 'nothing']) {
      const response = await ask(path, authorization);
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
  });

  it('[AD2] has no other endpoints', async () => {
    expect((await ask('nothing')).status).toBe(404);
  });

  it.each([
    ['status', 'GET'],
    ['sessions', 'GET'],
    ['sessions/x', 'GET'],
    ['sessions/x/end', 'POST'],
    ['subject/end', 'POST'],
    ['subject/export', 'POST'],
    ['subject/erase', 'POST'],
    ['lost', 'GET'],
    ['incidents', 'GET'],
    ['incidents/x', 'GET'],
    ['drill', 'POST'],
    ['drill/stop', 'POST'],
  ])('[OP1] %s takes one method, and says which to any other', async (path, method) => {
    for (const wrong of ['GET', 'POST', 'PUT', 'DELETE'].filter((other) => other !== method)) {
      const { status, headers } = await ask(path, undefined, wrong);
      expect([status, headers.get('allow'), headers.get('limpet-code')]).toEqual([
        405,
        method,
        'method_not_allowed',
      ]);
    }
  });

  it('[AD3] tells what the monitor knows, and what this isolate suspects', async () => {
    const down = { ...unprobed(startMs - 1_000), health: 'down', incarnation: 2, last: '503' } as const;
    world.status = {
      version: 7,
      revision: 1,
      alarmAt: undefined,
      askedAt: startMs,
      routeOnly: 'off',
      origins: [{ id: a, url: 'http://a.internal:9000', operation: nothingOrdered, ...down }],
    };
    world.pool.suspicions.suspect(a, startMs);
    const status = await (await ask('status')).json();
    expect(status).toMatchObject({
      pools: [
        {
          name: 'shop',
          monitor: { version: 7 },
          here: { snapshotVersion: 1 },
          origins: [{ id: 'a', health: 'down', incarnation: 2, sinceMs: 1_000, suspectHere: true }],
        },
      ],
      isolate: { counters: {} },
    });
  });

  it('[AD4] says so when the monitor does not answer', async () => {
    expect(await (await ask('status')).json()).toMatchObject({
      pools: [{ monitor: { unreachable: 'the test says so' }, origins: [] }],
    });
  });
});
