import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run } from '../../../cli/main.ts';
import { folderWith, goodConfig } from './folder.ts';
import { listen } from './said.ts';

const token = 'the-admin-token-of-this-test-is-long-enough';
const file = (): string =>
  join(
    folderWith({ 'limpet.config.ts': goodConfig, '.dev.vars': `ADMIN_TOKEN=${token}\n` }),
    'limpet.config.ts',
  );

const told = {
  version: 1,
  pools: [
    {
      name: 'shop',
      origins: [
        { id: 'a', health: 'up', sinceMs: 61_000, incarnation: 0, lastProbe: '200' },
        {
          id: 'b-with-a-long-name',
          state: 'draining',
          by: 'operator',
          health: 'down',
          sinceMs: 7_200_000,
          incarnation: 1,
          lastProbe: 'no answer in 2000 ms',
        },
        {
          id: 'web-1',
          state: 'active',
          health: 'up',
          sinceMs: 5_000,
          incarnation: 0,
          lastProbe: '200',
          leaseEndsInMs: 24_100,
        },
        {
          id: 'web-2',
          state: 'draining',
          by: 'origin',
          health: 'up',
          sinceMs: 5_000,
          incarnation: 0,
          lastProbe: '200',
          leaseEndsInMs: 3_000,
        },
      ],
    },
  ],
};

describe('limpet status', () => {
  it('[CL18] says health, since when, and what the last probe found', async () => {
    const url = await limpetThat((request, response) => {
      const mayKnow =
        request.url === '/.limpet/admin/status' && request.headers.authorization === `Bearer ${token}`;
      response.writeHead(mayKnow ? 200 : 401).end(JSON.stringify(told));
    });
    const said = listen();
    expect(await run(['status', '--url', url, '--config', file()])).toBe(0);
    expect(said.stdout()).toBe(
      [
        'POOL  ORIGIN              STATE                                    HEALTH  SINCE  LAST PROBE',
        'shop  a                   active                                   up      61 s   200',
        'shop  b-with-a-long-name  draining                                 down    2 h    no answer in 2000 ms',
        'shop  web-1               active, lease ends in 24 s               up      5 s    200',
        'shop  web-2               draining (by origin), lease ends in 3 s  up      5 s    200',
        '',
      ].join('\n'),
    );
  });

  it('[CL18] says what is ordered: nobody looks for a fault where somebody has given an order', async () => {
    const [pool] = told.pools;
    const origins = pool?.origins.map((origin, at) => ({
      ...origin,
      state: at === 0 ? 'draining' : 'active',
    }));
    const ordered = { ...told, pools: [{ ...pool, routeOnly: 'on', origins }] };
    const url = await limpetThat((_, response) => void response.end(JSON.stringify(ordered)));
    const said = listen();
    await run(['status', '--url', url, '--config', file()]);
    expect(said.stdout()).toMatch(/^shop {2}a {19}draining {2,}up {2,}61 s/m);
    expect(said.stdout()).toContain(
      'ROUTE-ONLY pool shop: nothing moves, nothing is stored. Its end: npx limpet route-only shop off\n',
    );
  });

  it('[CL18] --json gives all of it to a program', async () => {
    const url = await limpetThat((_, response) => void response.end(JSON.stringify(told)));
    const said = listen();
    expect(await run(['status', '--url', url, '--config', file(), '--json'])).toBe(0);
    expect(JSON.parse(said.stdout())).toEqual(told);
  });

  it.each<[what: string, answer: RequestListener, sentence: RegExp]>([
    [
      'a wrong token',
      (_, response) => void response.writeHead(401).end(),
      /does not accept this ADMIN_TOKEN/,
    ],
    ['another program', (_, response) => void response.end('{}'), /answered 200, not as Limpet does/],
    ['a connection that breaks', (request) => void request.socket.destroy(), /Nobody answers at /],
  ])('[CL18] %s is one sentence, and it ends with 1', async (_, answer, sentence) => {
    const url = await limpetThat(answer);
    const said = listen();
    expect(await run(['status', '--url', url, '--config', file()])).toBe(1);
    expect(said.stderr()).toMatch(sentence);
    expect(said.stderr().trimEnd()).not.toContain('\n');
  });
});

async function limpetThat(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
