import { describe, expect, it } from 'vitest';
import { run } from '../../../cli/main.ts';
import { listen } from './said.ts';
import { site } from './site.ts';

const origin = (id: string, more: object = {}) => ({ id, state: 'active', health: 'up', weight: 1, ...more });
const pool = { pools: [{ pool: 'shop', origins: [origin('a'), origin('b'), origin('c', { weight: 0 })] }] };
const left = (count: number, cursor?: string) => ({ moved: 0, left: count, ...(cursor ? { cursor } : {}) });
const words = ['rebalance', '--pool', 'shop', '--rate', '1000/s'];

describe('limpet rebalance', () => {
  it('[BA5] counts, moves a bounded number at a time, counts again, and ends when it is balanced', async () => {
    const { url, asked } = await site(
      pool,
      left(100, 'more'),
      left(20),
      left(80),
      { moved: 15, cursor: 'next' },
      { moved: 5, cursor: 'next' },
      pool,
      left(100),
      left(100),
    );
    const said = listen();
    expect(await run([...words, '--url', url])).toBe(0);
    expect(asked.slice(4, 6)).toMatchObject([
      { what: 'POST /.limpet/admin/origins/a/move', order: { pool: 'shop', to: 'b', count: 20 } },
      { order: { count: 5, cursor: 'next' } },
    ]);
    expect(said.stdout()).toBe('Balanced after 20 moves: a 100, b 100\n');
    expect(said.stderr()).toContain('20 to move: 20 from a to b\n20 moved\n');
  });

  it('[BA5] at the rate that is set', async () => {
    const { url, asked } = await site(
      pool,
      left(6),
      left(0),
      { moved: 2, cursor: 'n' },
      { moved: 1 },
      pool,
      left(3),
      left(3),
    );
    listen();
    const began = performance.now();
    expect(await run(['rebalance', '--pool', 'shop', '--rate', '10/s', '--url', url])).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(295);
    expect(asked.filter(({ what }) => what.endsWith('/move'))).toHaveLength(2);
  });

  it('[BA5] --json says where everybody is', async () => {
    const { url } = await site(pool, left(10), left(10));
    const said = listen();
    expect(await run([...words, '--json', '--url', url])).toBe(0);
    expect(JSON.parse(said.stdout())).toEqual({
      version: 1,
      balanced: true,
      moved: 0,
      origins: [
        { origin: 'a', weight: 1, sessions: 10 },
        { origin: 'b', weight: 1, sessions: 10 },
      ],
    });
  });

  it('[BA6] ends with 2 when nobody else can be moved, and says who stays', async () => {
    const { url } = await site(pool, left(90), left(10), { moved: 0 });
    const said = listen();
    expect(await run([...words, '--url', url])).toBe(2);
    expect(said.stdout()).toBe('Not balanced after 0 moves: a 90, b 10\n');
    expect(said.stderr()).toContain('Nobody else can be moved now: 40 at a are in use');
  });

  it('[BA6] --watch goes on, until it cannot', async () => {
    const away = { status: 503, body: { message: 'Away.' } };
    const { url, asked } = await site(pool, left(5), left(5), away);
    const said = listen();
    expect(await run([...words, '--watch', '--url', url])).toBe(1);
    expect([asked.length, said.stderr()]).toEqual([4, 'Away.\n']);
  });

  it.each(['fast', '0/s', '10', '-1/s'])('[BA6] a rate of %s is wrong usage', async (rate) => {
    const said = listen();
    expect(await run(['rebalance', '--pool', 'shop', `--rate=${rate}`])).toBe(3);
    expect(said.stderr()).toContain(
      `--rate: wanted a number above 0 per second or minute, such as 10/s or 600/m, found "${rate}"`,
    );
  });
});
