import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { run } from '../../../cli/main.ts';
import { readWays } from '../../../cli/dev-bindings.ts';
import { listen } from './said.ts';

afterEach(() => vi.unstubAllEnvs());

/** An admin API that says these things one after the other, and what it was asked. */
async function site(...answers: readonly object[]) {
  vi.stubEnv('ADMIN_TOKEN', 'the token');
  const asked: string[] = [];
  const left = [...answers];
  const server = createServer(async (request, response) => {
    let order = '';
    for await (const chunk of request) order += String(chunk);
    asked.push(`${request.method} ${request.url} ${order}`.trimEnd());
    response.end(JSON.stringify({ version: 1, ...left.shift() }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, asked };
}

const now = Date.UTC(2026, 0, 2, 3, 0, 10);
const incident = {
  id: 'shop:17',
  pool: 'shop',
  kind: 'failure',
  origin: 'a',
  detectedBy: 'request',
  how: 'silent',
  said: 'a request found it: silent',
  firstFailureAt: now - 10_000,
  detectedAt: now - 9_300,
  endedAt: null as number | null,
  aborted: null as string | null,
  firstSuccessAt: now - 9_200,
  recovery: { detectionMs: 700, propagationMs: 412, lookUpMs: 88, totalMs: 1_200, slowestMs: 130 },
  moved: 312,
  restored: 310,
  empty: 2,
  rescued: 330,
  failed: 1,
  stayed: 0,
  lostWrites: 0,
};

describe('limpet incidents', () => {
  it('[IN12] is a table, one line each', async () => {
    const { url, asked } = await site({ now, pools: [{ pool: 'shop', incidents: [incident] }] });
    const said = listen();
    expect(await run(['incidents', '--pool', 'shop', '--url', url])).toBe(0);
    expect(asked).toEqual(['GET /.limpet/admin/incidents?pool=shop']);
    expect(said.stdout().split('\n')).toEqual([
      'ID       ORIGIN  BEGAN                STATE          DETECTED BY  HOW     T        MOVED  EMPTY  FAILED  LOST WRITES',
      'shop:17  a       2026-01-02T03:00:00  open for 10 s  request      silent  1200 ms  312    2      1       0',
      '',
    ]);
  });

  it('[IN12] show says how T is made up', async () => {
    const { url, asked } = await site({ now, incident });
    const said = listen();
    expect(await run(['incidents', 'show', 'shop:17', '--url', url])).toBe(0);
    expect(asked).toEqual(['GET /.limpet/admin/incidents/shop%3A17']);
    expect(said.stdout()).toContain(
      'T                        1200 ms = 700 ms detection + 412 ms propagation + 88 ms look-up',
    );
    expect(said.stdout()).toContain('312 (310 with their data, 2 without any)');
  });

  it('[IN12] none is a sentence; a monitor that is away is a failure', async () => {
    const { url } = await site(
      { now, pools: [{ pool: 'shop', incidents: [] }] },
      { now, pools: [{ pool: 'shop', unreachable: 'away', incidents: [] }] },
    );
    const said = listen();
    expect(await run(['incidents', '--url', url])).toBe(0);
    expect(said.stdout()).toBe('No incidents in the last 30 days\n');
    expect(await run(['incidents', '--url', url])).toBe(1);
    expect(said.stderr()).toBe('The monitor of pool shop does not answer: away\n');
  });

  it.each([
    ['incidents', 'list'],
    ['incidents', 'show'],
    ['incidents', 'show', 'shop:1', 'shop:2'],
  ])('[IN12] %s %s is wrong usage', async (...words) => {
    listen();
    expect(await run(words)).toBe(3);
  });

  it('[IN12] status has a line for each that is open', async () => {
    const { url } = await site({ pools: [{ name: 'shop', origins: [], incidents: [incident] }] });
    const said = listen();
    expect(await run(['status', '--url', url])).toBe(0);
    expect(said.stdout()).toContain(
      'INCIDENT shop:17: origin a (silent), 312 sessions moved, 1 requests failed. See: npx limpet incidents show shop:17',
    );
  });
});

describe('limpet drill', () => {
  const drill = { ...incident, kind: 'drill', failed: 0, empty: 0, endedAt: now - 11_000 };
  const words = ['drill', '--pool', 'shop', '--origin', 'a'];

  it('[DR10] waits until it is over and reports', async () => {
    const { url, asked } = await site({ incident: drill }, { now, incident: drill });
    const said = listen();
    expect(await run([...words, '--share', '2.5%', '--for', '2m', '--url', url, '--json'])).toBe(0);
    expect(asked).toEqual([
      'POST /.limpet/admin/drill {"pool":"shop","origin":"a","sharePercent":2.5,"forMs":120000}',
      'GET /.limpet/admin/incidents/shop%3A17',
    ]);
    expect(JSON.parse(said.stdout())).toMatchObject({ incident: { id: 'shop:17' } });
    expect(said.stderr()).toContain('312 moved, 0 failed, 0 writes lost');
  });

  it.each([
    [{ aborted: 'requests_failed' }, 'was ended early: requests_failed'],
    [{ lostWrites: 1 }, 'did harm: 0 requests failed, 0 sessions without data, 1 writes lost'],
  ])('[DR10] ends with 1 when it did harm: %j', async (more, sentence) => {
    const harmful = { ...drill, ...more };
    const { url } = await site({ incident: harmful }, { now, incident: harmful });
    const said = listen();
    expect(await run([...words, '--url', url])).toBe(1);
    expect(said.stderr()).toContain(sentence);
  });

  it('[DR10] --stop ends the one under way', async () => {
    const { url, asked } = await site({ stopped: 'shop:17' });
    const said = listen();
    expect(await run(['drill', '--pool', 'shop', '--stop', '--url', url])).toBe(0);
    expect(asked).toEqual(['POST /.limpet/admin/drill/stop {"pool":"shop"}']);
    expect(said.stdout()).toBe('Stopped drill shop:17\n');
  });

  it.each([
    [['drill', '--pool', 'shop']],
    [['drill', '--origin', 'a']],
    [[...words, '--share', '1']],
    [[...words, '--for', '60']],
    [[...words, '--fro', '60s']],
  ])('[DR10] %j is wrong usage', async (wrong) => {
    listen();
    expect(await run(wrong)).toBe(3);
  });
});

describe('limpet dev --via', () => {
  it('[VI4] says where bindings lead on this machine; the others lead to their origins’ urls', () => {
    const ways = readWays('APP_A=http://127.0.0.1:9001/,APP_B=https://b.test', ['APP_A', 'APP_B', 'APP_C']);
    expect(Object.fromEntries(ways)).toEqual({
      APP_A: 'http://127.0.0.1:9001',
      APP_B: 'https://b.test',
      APP_C: '',
    });
    expect(readWays(undefined, []).size).toBe(0);
  });

  it.each(['APP_A', 'APP_A=', 'APP_A=127.0.0.1:9001', 'APP_A=http://x/path', 'APP_X=http://x'])(
    '[VI4] %j is wrong usage',
    (given) => {
      expect(() => readWays(given, ['APP_A'])).toThrow(/^Wanted .*found "/);
    },
  );
});
