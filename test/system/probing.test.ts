import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { HealthInput } from '../../worker/config/input.ts';
import { type Dev, startDev } from './harness/dev.ts';
import { freePorts } from './harness/ports.ts';
import { secrets } from './harness/secrets.ts';
import { until } from './harness/until.ts';

interface Told {
  readonly id: string;
  readonly health: 'up' | 'down';
  readonly lastProbe: string;
}

let dev: Dev | undefined;
let ends: (() => void)[] = [];
afterEach(async () => {
  await dev?.end();
  for (const end of ends) end();
  ends = [];
});

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function start(urls: readonly string[], health: HealthInput): Promise<void> {
  const origins = urls.map((url, at) => ({ id: `o${at}`, url }));
  dev = await startDev({ pools: { shop: { origins, health } }, routes: [{ match: '/*', pool: 'shop' }] });
}

async function told(): Promise<Told[]> {
  const response = await fetch(`${dev?.url}/.limpet/admin/status`, {
    headers: { authorization: `Bearer ${secrets.ADMIN_TOKEN}` },
  });
  const { pools }: { pools: { origins: Told[] }[] } = await response.json();
  return pools[0]?.origins ?? [];
}

/** A visitor comes: that is what keeps a pool probed. */
const visit = async () => void (await fetch(`${dev?.url}/`).then(({ body }) => body?.cancel()));
const judged = (what: string, look: (origins: Told[]) => boolean, withinMs?: number) =>
  until(
    what,
    async () => {
      await visit();
      return look(await told());
    },
    withinMs,
  );

it('[PB1] a hundred real origins, twenty of them silent: all judged by their second probe', async () => {
  const probes = new Array<number>(100).fill(0);
  const isSilent = (at: number) => at % 5 === 3;
  const urls = await Promise.all(
    probes.map((_, at) =>
      listen(
        createServer((request, response) => {
          if (request.url === '/health') probes[at] = (probes[at] ?? 0) + 1;
          if (!isSilent(at)) response.end('ok');
        }),
      ),
    ),
  );
  await start(urls, { path: '/health', intervalMs: 60_000, timeoutMs: 3_000 });
  await judged(
    'the silent are down',
    (all) => all.filter(({ health }) => health === 'down').length >= 20,
    40_000,
  );
  const origins = await told();
  expect(origins.filter(({ health }) => health === 'down').map(({ id }) => id)).toEqual(
    origins.map(({ id }) => id).filter((_, at) => isSilent(at)),
  );
  expect(origins.filter(({ lastProbe }) => lastProbe === 'status 200')).toHaveLength(80);
  // Those that answer have been asked in one round, or in a second one where an alarm was so late that it was taken for lost.
  expect(Math.max(...probes.filter((_, at) => !isSilent(at)))).toBeLessThanOrEqual(2);
});

it('[PB5][PB6] method, headers, port, body and redirects are those of the configuration', async () => {
  const seen: IncomingMessage[] = [];
  const health = await listen(
    createServer((request, response) => {
      seen.push(request);
      if (request.url === '/up') response.writeHead(307, { location: '/really-up' }).end();
      else response.end(request.headers['x-probe'] === 'yes' ? 'all ready' : 'who asks?');
    }),
  );
  const application = await listen(createServer((_request, response) => response.writeHead(500).end()));
  const options = {
    path: '/up',
    method: 'POST',
    headers: { 'x-probe': 'yes' },
    host: 'shop.example.com',
  } as const;
  await start([application], {
    ...options,
    port: Number(new URL(health).port),
    expect: ['2xx'],
    body: '/ready$/',
    redirects: 'follow',
    intervalMs: 500,
    timeoutMs: 500,
  });
  await judged('it was probed', ([origin]) => origin?.lastProbe === 'status 200');
  expect(seen.map(({ url }) => url)).toContain('/really-up');
  expect(seen[0]).toMatchObject({
    method: 'POST',
    headers: { 'user-agent': 'limpet-probe', 'x-forwarded-host': 'shop.example.com' },
  });
});

it('[PB9] a plain connection: one that opens is good, one that is refused is not', async () => {
  const open = createSocket((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(open, 'listening');
  ends.push(() => open.close());
  const [closed = 0] = await freePorts(1);
  const urls = [(open.address() as AddressInfo).port, closed].map((port) => `http://127.0.0.1:${port}`);
  await start(urls, { type: 'tcp', intervalMs: 500, timeoutMs: 500 });
  await judged('the refused is down', (all) => all[1]?.health === 'down');
  const [good, bad] = await told();
  expect(good).toMatchObject({ health: 'up', lastProbe: 'connected' });
  expect(bad?.lastProbe).toMatch(/cannot connect/);
});
