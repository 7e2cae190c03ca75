import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { run } from '../../../cli/main.ts';
import { listen } from './said.ts';
import { site } from './site.ts';

const ordered = { pool: 'shop', origin: 'a', state: 'draining', weight: 1, changed: true, now: Date.now() };
const quiet = {
  state: 'draining',
  orderedMs: 5_000,
  until: Date.now() + 60_000,
  isLong: 'no',
  account: { inFlight: 0, quietMs: 9_000 },
};
const busy = { ...quiet, account: { inFlight: 2, quietMs: 0 } };
const nobody = { moved: 0, left: 0, withoutData: 0 };
const none = { pools: [{ pool: 'shop', writes: [] }] };

/** What a command ends with when its pauses take no time. */
async function soon(ending: Promise<number>): Promise<number> {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const state = { isOver: false };
  void ending.finally(() => Object.assign(state, { isOver: true }));
  while (!state.isOver) await vi.advanceTimersByTimeAsync(1_000);
  return ending;
}

describe('limpet drain', () => {
  it('[VB4] orders it, and says what is', async () => {
    const { url, asked } = await site(ordered);
    const said = listen();
    expect(await run(['drain', 'a', '--url', url, '--deadline', '20m'])).toBe(0);
    expect(asked).toMatchObject([
      { what: 'POST /.limpet/admin/origins/a/drain', order: { deadlineMs: 1_200_000 } },
    ]);
    expect(said.stdout()).toBe('a of pool shop is draining, weight 1; every edge knows within two seconds\n');
  });

  it('[VB4] --wait follows the cursor, says its progress, and ends with 0 when it is safe to stop', async () => {
    const { url, asked } = await site(
      ordered,
      { ...nobody, left: 1_500, cursor: 'more' },
      { ...nobody, left: 500 },
      quiet,
      { moved: 1_990, left: 10, withoutData: 3 },
      quiet,
      none,
      quiet,
      { ...nobody, moved: 10 },
      { ...quiet, account: { inFlight: 0, quietMs: 9_100 } },
      none,
    );
    const said = listen();
    expect(await run(['drain', 'a', '--wait', '--url', url])).toBe(0);
    expect(said.stderr()).toMatch(/1,990 of 2,000 moved, 0 lost, 3 without data, deadline \d\d:\d\d/);
    expect(said.stderr()).toMatch(/2,000 of 2,000 moved, 0 lost, 0 without data/);
    expect(said.stdout()).toBe('a is safe to stop: 2,000 sessions moved\n');
    expect(asked.map(({ order }) => order).filter((order) => order !== undefined)).toMatchObject([
      {},
      { pool: 'shop', count: true },
      { cursor: 'more' },
      { count: false },
      { count: false },
    ]);
  });

  it('[VB4] --wait says why it still waits, and nothing twice', async () => {
    const early = { ...quiet, orderedMs: 500 };
    const { url } = await site(
      ordered,
      nobody,
      early,
      nobody,
      early,
      none,
      early,
      nobody,
      early,
      none,
      quiet,
      nobody,
      quiet,
      none,
    );
    const said = listen();
    expect(await run(['drain', 'a', '--wait', '--url', url])).toBe(0);
    const lines = said
      .stderr()
      .split('\n')
      .filter((line) => line.includes('moved'));
    expect(lines).toEqual([
      expect.stringMatching(
        /deadline \d\d:\d\d; not yet safe to stop: not every edge knows of the drain yet$/,
      ),
      expect.stringMatching(/deadline \d\d:\d\d$/),
    ]);
  });

  it('[VB4] ends with 2 when the time is up, and says why it is not safe', async () => {
    const { url } = await site(ordered, nobody, busy, nobody, busy, none);
    const said = listen();
    expect(await run(['drain', 'a', '--wait', '--timeout', '0s', '--json', '--url', url])).toBe(2);
    expect(JSON.parse(said.stdout())).toMatchObject({
      safeToStop: false,
      whyNot: '2 requests are in flight there',
    });
    expect(said.stderr()).toContain('Not safe to stop a after 0s: 2 requests are in flight there');
  });

  it('[VB4] ends with 1 when somebody ends the drain, or the API refuses', async () => {
    const { url } = await site(ordered, nobody, { ...quiet, state: 'active' });
    const said = listen();
    expect(await run(['drain', 'a', '--wait', '--url', url])).toBe(1);
    expect(said.stderr()).toContain('a is being drained no more: it is active');
    const refusing = await site({
      status: 409,
      body: { code: 'no_other_origin', message: 'No other origin.' },
    });
    expect(await run(['drain', 'a', '--url', refusing.url])).toBe(1);
    expect(said.stderr()).toContain('No other origin.');
  });

  it('[VB5] a write that was fenced meanwhile is counted as lost', async () => {
    const lost = {
      pools: [
        {
          pool: 'shop',
          writes: [
            { at: Date.now() + 1_000, why: 'session_moved' },
            { at: 1, why: 'session_moved' },
          ],
        },
      ],
    };
    const { url } = await site(ordered, nobody, quiet, nobody, quiet, lost);
    const said = listen();
    await run(['drain', 'a', '--wait', '--json', '--url', url]);
    expect(JSON.parse(said.stdout())).toMatchObject({ lost: 1 });
  });
});

describe('the other orders', () => {
  it.each([
    [['activate', 'a'], 'origins/a/activate', {}],
    [['down', 'a', '--pool', 'shop'], 'origins/a/down', { pool: 'shop' }],
    [['disable', 'a'], 'origins/a/disable', {}],
    [['weight', 'a', '50'], 'origins/a/weight', { weight: 50 }],
    [['weight', 'a', 'configured'], 'origins/a/weight', { weight: 'configured' }],
    [['route-only', 'shop', 'on'], 'pools/shop/route-only', { to: 'on' }],
  ])('[VB6] %j', async (words, path, order) => {
    const { url, asked } = await site({ ...ordered, routeOnly: 'on' });
    listen();
    expect(await run([...words, '--url', url])).toBe(0);
    expect(asked).toMatchObject([{ what: `POST /.limpet/admin/${path}`, order }]);
  });

  it.each([
    [['weight', 'a', 'much'], 'weight: wanted a whole number from 0 to 1000, or "configured", found "much"'],
    [['route-only', 'shop', 'maybe'], 'route-only: wanted "on" or "off", found "maybe"'],
    [['drain', 'a', '--timeout', 'soon'], '--timeout: wanted a time such as 30s, 10m or 2h, found "soon"'],
    [['drain'], 'Missing required positional argument'],
    [['drain', 'a', '--wiat'], 'Did you mean "--wait"?'],
  ])('[VB6] %j is wrong usage: 3', async (words, sentence) => {
    const said = listen();
    expect(await run(words)).toBe(3);
    expect(said.stderr()).toContain(sentence);
  });

  it.each(['status', 'origins'])('[VB6] %s --watch prints again and again, until it cannot', async (verb) => {
    const { url, asked } = await site(
      { pools: [] },
      { pools: [] },
      { status: 503, body: { message: 'Away.' } },
    );
    const said = listen();
    expect(await soon(run([verb, '--watch', '--json', '--url', url]))).toBe(1);
    expect([asked.length, said.stdout().split('"pools"').length - 1, said.stderr()]).toEqual([
      3,
      2,
      'Away.\n',
    ]);
  });

  it('[VB6] origins prints what is ordered of each', async () => {
    const origins = [
      {
        id: 'a',
        state: 'draining',
        stateMs: 61_000,
        by: 'operator',
        weight: 1,
        configuredWeight: 1,
        health: 'up',
        healthMs: 5_000,
      },
      { id: 'b', state: 'active', weight: 0, configuredWeight: 2, health: 'down', healthMs: 5_000 },
    ];
    const { url, asked } = await site({ pools: [{ pool: 'shop', routeOnly: 'on', origins }] });
    const said = listen();
    expect(await run(['origins', '--url', url, '--pool', 'shop'])).toBe(0);
    expect(asked[0]?.what).toBe('GET /.limpet/admin/origins?pool=shop');
    expect(said.stdout().trimEnd().split('\n')).toEqual([
      'POOL               ORIGIN  STATE     SINCE  BY        WEIGHT            HEALTH  SINCE',
      'shop (route-only)  a       draining  61 s   operator  1                 up      5 s',
      'shop (route-only)  b       active                     0 (configured 2)  down    5 s',
    ]);
  });
});
