import { fileURLToPath } from 'node:url';
import type { PoolInput } from '../../worker/config/input.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Child, startChild } from '../system/harness/child.ts';
import { type Client } from '../system/harness/client.ts';
import { originValues, secrets } from '../system/harness/secrets.ts';
import { until } from '../system/harness/until.ts';
import { startWorld, type World } from '../system/harness/world.ts';

const script = fileURLToPath(new URL('../system/harness/registering-app.ts', import.meta.url));

let world: World;
const children: Child[] = [];

const pool: Omit<PoolInput, 'origins'> = {
  health: { path: '/health', intervalMs: 1_000, doubtIntervalMs: 200, timeoutMs: 500, rise: 1 },
  registration: { ids: 'web-*', hosts: ['127.0.0.0/8'], leaseMs: 5_000 },
};

let web: Child[] = [];
beforeAll(async () => {
  world = await startWorld({ origins: ['a'], pool });
  // A newcomer waits six seconds for its first session: the three wait together.
  web = await Promise.all([join('web-1'), join('web-2'), join('web-3', { CLOCK_OFF_MS: '-86400000' })]);
});
afterAll(async () => {
  await Promise.all(children.map((child) => child.end()));
  await world?.end();
});

async function join(id: string, env: Readonly<Record<string, string>> = {}): Promise<Child> {
  const values = await originValues('shop', id);
  const child = await startChild(script, [], { ...values, LIMPET_URL: world.url, ...env }, 'joined');
  children.push(child);
  return child;
}

async function members(): Promise<string[]> {
  const headers = { authorization: `Bearer ${secrets.ADMIN_TOKEN}` };
  const response = await fetch(`${world.url}/.limpet/admin/status`, { headers });
  const { pools }: { pools: { origins: { id: string }[] }[] } = await response.json();
  return (pools[0]?.origins.map(({ id }) => id) ?? []).sort();
}

let visitors = 0;
/** A new visitor who has put something into a cart at this origin. */
const shopperAt = (id: string): Promise<Client> =>
  until(`a new session comes to ${id}`, async () => {
    const client = world.client();
    const agent = { 'user-agent': `visitor ${visitors++}` };
    const { home, status } = await client.get('/cart', agent);
    if (home !== id || status !== 200) return undefined;
    expect((await client.post('/cart?item=shell')).home).toBe(id);
    return client;
  });
const cartOf = async (client: Client) => {
  const { status, home, outcome, json } = await client.get('/cart');
  return { status, home, outcome, items: json<{ items: string[] }>().items };
};

it('[RG1][RG2][RG5] a new process joins, gets new sessions, is killed: they go on elsewhere with their data, and its lease ends', async () => {
  const client = await shopperAt('web-1');
  expect(await members()).toEqual(['a', 'web-1', 'web-2', 'web-3']);
  const second = await shopperAt('web-1');
  await web[0]?.end('SIGKILL');
  const restored = {
    status: 200,
    home: expect.stringMatching(/^(a|web-[23])$/),
    outcome: 'restored',
    items: ['shell'],
  };
  expect(await cartOf(client)).toEqual(restored);
  await until('its lease has ended', async () => !(await members()).includes('web-1'));
  expect(await cartOf(second)).toEqual(restored);
});

it('[RG6] another process under the same id is another memory: it serves what was stored, not what it does not know', async () => {
  const client = await shopperAt('web-2');
  const older = client.jar.header();
  await web[1]?.end('SIGKILL');
  await join('web-2');
  expect(await members()).toContain('web-2');
  expect(await cartOf(client)).toMatchObject({ status: 200, items: ['shell'] });
  await client.post('/cart?item=pearl');
  const stale = await world.client().get('/cart', { cookie: older });
  expect(stale.json<{ items: string[] }>().items).toEqual(['shell', 'pearl']);
});

it('[RG4][RG7] a process whose clock is off by a day joins too, and leaves when it is asked to: nobody waits for its lease', async () => {
  const client = await shopperAt('web-3');
  web[2]?.signal('SIGTERM');
  await until('it has left', () => web[2]?.output().includes('left'));
  expect(await members()).not.toContain('web-3');
  await until('the session goes on elsewhere', async () => (await cartOf(client)).home !== 'web-3');
  expect(await cartOf(client)).toMatchObject({ status: 200, items: ['shell'] });
});

it('[RG2][RG3] a pool may live on registered origins alone, and Limpet may be started anew meanwhile', async () => {
  await world.end();
  world = await startWorld({ origins: [], pool });
  const first = await world.client().get('/cart');
  expect([first.status, first.headers['limpet-code']]).toEqual([503, 'no_origin']);
  await join('web-4');
  const client = await shopperAt('web-4');
  await world.dev.restart();
  expect(await cartOf(client)).toMatchObject({
    status: 200,
    home: 'web-4',
    outcome: 'kept',
    items: ['shell'],
  });
});
