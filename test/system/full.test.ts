import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from './harness/client.ts';
import { signedCookie } from './harness/forge.ts';
import { ok, type RawOrigin, startRawOrigin } from './harness/raw-origin.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';

const held: (() => void)[] = [];
let origin: RawOrigin;
let spare: RawOrigin;
let world: World;
beforeAll(async () => {
  origin = await startRawOrigin({ '/held': (socket) => held.push(() => socket.write(ok('at last'))) });
  spare = await startRawOrigin({});
  const others = [
    { id: 'a', url: origin.url, maxConcurrent: 1 },
    { id: 'b', url: spare.url },
  ];
  const pool = { session: { mode: 'local' }, passive: { queueMs: 200 } } as const;
  world = await startWorld({ origins: [], others, pool });
});
afterAll(async () => {
  await world?.end();
  await origin?.close();
  await spare?.close();
});

async function guest(): Promise<Client> {
  const client = world.client();
  client.jar.set('limpet', await signedCookie({ home: 'a' }));
  return client;
}

const codeOf = async (client: Client) => {
  const seen = await client.get('/plain');
  return [seen.status, seen.headers['limpet-code'], seen.headers['retry-after']];
};

it('[PS20] a full home: 503 with Retry-After for its sessions, the other origin for new ones, and it serves again', async () => {
  const slow = (await guest()).get('/held');
  await until('it is under way', () => held.length === 1);
  expect(await codeOf(await guest())).toEqual([503, 'origin_full', '1']);
  const newcomers = await Promise.all(
    Array.from({ length: 12 }, (_, at) => world.client().get('/plain', { 'user-agent': `newcomer ${at}` })),
  );
  expect(new Set(newcomers.map(({ home }) => home))).toEqual(new Set(['b']));
  held.shift()?.();
  expect((await slow).body).toBe('at last');
  expect(await codeOf(await guest())).toEqual([200, undefined, undefined]);
});

it('[PS20] a client that leaves keeps its place until the origin has answered, and no longer', async () => {
  const leaving = await guest();
  const asked = request(`${world.url}/held`, { headers: { cookie: leaving.jar.header() } });
  const gone = new Promise((resolve) => asked.on('close', resolve));
  asked.on('error', () => undefined);
  asked.end();
  await until('it is under way', () => held.length === 1);
  asked.destroy();
  await gone;
  const isFull = async () => (await codeOf(await guest()))[0] === 503;
  expect(await isFull()).toBe(true);
  held.shift()?.();
  await until('there is room again', async () => !(await isFull()));
});
