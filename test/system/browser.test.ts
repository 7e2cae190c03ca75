import { type Browser, chromium, type Response } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../programs.ts';
import { sessionIn } from './harness/forge.ts';
import { startWorld, type World } from './harness/world.ts';

const executablePath = program('chromium');
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

interface Load {
  readonly assets: number;
  readonly homes: (string | undefined)[];
  readonly setCookies: string[];
}

const distinct = <Value>(values: readonly Value[]) => [...new Set(values)];

describe.runIf(executablePath)('a real browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '', args });
  });
  afterAll(() => browser?.close());

  async function load(url: string, context: Awaited<ReturnType<Browser['newContext']>>): Promise<Load> {
    const page = await context.newPage();
    const responses: Response[] = [];
    page.on('response', (response) => responses.push(response));
    await page.goto(`${url}/page?item=one`);
    await page.waitForFunction(() => document.title === 'loaded');
    await page.waitForLoadState('load');
    const ours = responses.filter((response) => !response.url().includes('favicon'));
    const headers = await Promise.all(ours.map((response) => response.headersArray()));
    const named = (name: string) =>
      headers.map((list) => list.find((one) => one.name.toLowerCase() === name)?.value);
    return {
      assets: ours.filter((response) => response.url().includes('/asset/') && response.status() === 200)
        .length,
      homes: named('limpet-origin'),
      setCookies: headers.flatMap((list) =>
        list.filter(({ name }) => name.toLowerCase() === 'set-cookie').map(({ value }) => value),
      ),
    };
  }

  for (const mode of ['local', 'replicated'] as const) {
    describe(`in mode ${mode}`, () => {
      let world: World;
      beforeAll(async () => {
        const sessions = mode === 'local' ? 'plain' : 'kept';
        world = await startWorld({ sessions, pool: { session: { mode } } });
      });
      afterAll(() => world?.end());

      it(`[BR1] a first page with 20 assets, ${mode}: one home, one session`, async () => {
        const context = await browser.newContext();
        const first = await load(world.url, context);
        expect(first.assets).toBe(20);
        expect(distinct(first.homes)).toHaveLength(1);
        const names = first.setCookies.map((cookie) => cookie.slice(0, cookie.indexOf('=')));
        expect(names.sort()).toEqual(['connect.sid', 'limpet']);

        // Again, with what the browser keeps: the same home and session, and nothing new to remember.
        const cookies = await context.cookies();
        const again = await load(world.url, context);
        expect([
          distinct(again.homes),
          again.setCookies.filter((cookie) => cookie.startsWith('limpet')),
        ]).toEqual([distinct(first.homes), []]);
        const limpets = (await context.cookies()).filter(({ name }) => name === 'limpet');
        expect(limpets.map(({ value }) => sessionIn(value))).toEqual(
          cookies.filter(({ name }) => name === 'limpet').map(({ value }) => sessionIn(value)),
        );
        expect(limpets).toMatchObject([{ httpOnly: true, sameSite: 'Lax', path: '/', expires: -1 }]);
        await context.close();
      });
    });
  }
});
