import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { expect, it } from 'vitest';
import { freePorts } from './harness/ports.ts';
import { endWithTest, judged, listen, start, told } from './harness/probed.ts';

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
  endWithTest(() => open.close());
  const [closed = 0] = await freePorts(1);
  const urls = [(open.address() as AddressInfo).port, closed].map((port) => `http://127.0.0.1:${port}`);
  await start(urls, { type: 'tcp', intervalMs: 500, timeoutMs: 500 });
  await judged('the refused is down', (all) => all[1]?.health === 'down');
  const [good, bad] = await told();
  expect(good).toMatchObject({ health: 'up', lastProbe: 'connected' });
  expect(bad?.lastProbe).toMatch(/cannot connect/);
});
