import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient } from '../harness/client.ts';
import { freePorts } from '../harness/ports.ts';
import { originValues, secrets } from '../harness/secrets.ts';
import { until } from '../harness/until.ts';
import { descendants, isGone, limpet } from './command.ts';
import { startEchoOrigin } from './echo-origin.ts';
import { type Running, start } from './running.ts';

describe('limpet dev', () => {
  it('[CL2] says on stdout that it is ready when it serves, and makes its secrets beside the configuration', async () => {
    const { port, folder, child } = await dev(configFor(await startEchoOrigin()));
    expect(child.stdout()).toBe(`Ready on http://127.0.0.1:${port}\n`);
    expect(child.stderr()).toMatch(
      /^Made COOKIE_KEYS, ORIGIN_SECRET, ADMIN_TOKEN for local work in .*\.dev\.vars\n$/,
    );
    expect(readFileSync(join(folder, '.dev.vars'), 'utf8')).toMatch(/^ADMIN_TOKEN=.{32,}$/m);
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect([answer.status, answer.headers.get('limpet-outcome')]).toEqual([200, 'assigned']);
  });

  it('[CL3] a bad configuration: every problem is printed, nothing starts, and it ends with 1', async () => {
    const folder = folderFor(
      "export default { pools: { shop: { origins: [] } }, routes: [{ match: 'x', pool: 'shop' }], debugg: 1 }",
    );
    const ended = await limpet(['dev', '--config', join(folder, 'limpet.config.ts')]);
    expect([ended.code, ended.stdout]).toEqual([1, '']);
    for (const path of ['pools.shop.origins', 'routes.0.match', 'debugg'])
      expect(ended.stderr).toContain(`  ${path}: wanted `);
    expect(readdirSync(folder)).toEqual(['limpet.config.ts']);
  });

  it('[CL3] a secret that is too short is refused before anything starts', async () => {
    const folder = folderFor(configFor('http://127.0.0.1:9001'));
    const ended = await limpet(['dev', '--config', join(folder, 'limpet.config.ts')], {
      ADMIN_TOKEN: 'short',
    });
    expect([ended.code, ended.stdout]).toEqual([1, '']);
    expect(ended.stderr).toContain(
      'ADMIN_TOKEN: wanted a secret of at least 32 characters, found 5 characters',
    );
  });

  it('[CL4] a taken port is one sentence that names another', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const port = (taken.address() as AddressInfo).port;
    const folder = folderFor(configFor('http://127.0.0.1:9001'));
    const ended = await limpet(
      ['dev', '--config', join(folder, 'limpet.config.ts'), '--port', String(port)],
      secrets,
    );
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `Port ${port} is taken by another program. Stop that one, or choose another port: --port ${port + 1}\n`,
    });
  });

  it('[CL6] --persist keeps a session across restarts of the Worker and of its origin', async () => {
    const [originPort = 0] = await freePorts(1);
    const data = join(folderFor(''), 'data');
    const launch = () =>
      dev(configFor(`http://127.0.0.1:${originPort}`, "mode: 'replicated'"), ['--persist', data], secrets);
    const env = { ...(await originValues('shop', 'a')), PORT: String(originPort) };
    const shop = () => start('examples/shop/shop.mjs', [], env, 'listens on');

    const [firstShop, firstDev] = [await shop(), await launch()];
    const client = createClient(firstDev.url);
    onTestFinished(() => client.close());
    expect(
      (
        await client.ask('/cart', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"item":"rope"}',
        })
      ).status,
    ).toBe(200);
    await end(firstDev.child, 'SIGTERM');
    await end(firstShop, 'SIGKILL');

    await shop();
    const second = createClient((await launch()).url);
    onTestFinished(() => second.close());
    const cart = await second.get('/cart', { cookie: client.jar.header() });
    expect([cart.status, cart.json<{ lines: unknown[] }>().lines]).toMatchObject([
      200,
      [{ id: 'rope', quantity: 1 }],
    ]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '[CL7] %s ends everything that it started, with 0',
    async (signal) => {
      const temporary = folderFor('');
      const { child } = await dev(configFor(await startEchoOrigin()), [], { TMPDIR: temporary });
      const below = descendants(child.pid);
      expect(below.length).toBeGreaterThan(0);
      process.kill(child.pid, signal);
      await until('limpet dev and what it started are gone', () => [child.pid, ...below].every(isGone));
      expect(await child.ended()).toBe(0);
      expect(readdirSync(temporary).filter((name) => name.startsWith('miniflare'))).toEqual([]);
    },
  );

  it('[CL7] it does not outlive the program that started it', async () => {
    const { child } = await dev(configFor(await startEchoOrigin()));
    const below = descendants(child.pid);
    child.leave();
    await until('limpet dev and what it started are gone', () => [child.pid, ...below].every(isGone));
    expect(await child.ended()).toBe(0);
  });

  it('[CL9] a change of what the configuration imports is followed; a bad one is reported and not followed', async () => {
    const url = await startEchoOrigin();
    const text = configFor(url)
      .replace("'always'", 'debug')
      .concat("\nimport { debug } from './debug.ts';\n");
    const {
      child,
      folder,
      url: base,
    } = await dev(text, [], secrets, { 'debug.ts': "export const debug = 'off';" });
    const outcome = async () => (await fetch(base)).headers.get('limpet-outcome');
    expect(await outcome()).toBeNull();

    writeFileSync(join(folder, 'debug.ts'), "export const debug = 'always';");
    await until('it has loaded the change', () => child.stderr().includes('Reloaded '));
    expect(await outcome()).toBe('assigned');

    writeFileSync(join(folder, 'debug.ts'), "export const debug = 'allways';");
    await until('it has refused the change', () => child.stderr().includes('stays in use'));
    expect(child.stderr()).toMatch(/ {2}debug: wanted .*, found "allways"/);
    expect(await outcome()).toBe('assigned');
  });

  it("[CL10] the origin hears the client's host and address, never an address that the client made up", async () => {
    const { port } = await dev(configFor(await startEchoOrigin()));
    const client = createClient(`http://127.0.0.1:${port}`);
    onTestFinished(() => client.close());
    const madeUp = {
      host: 'shop.example.com',
      'cf-connecting-ip': '6.6.6.6',
      'mf-cf-blob': '{"clientIp":"6.6.6.6:1"}',
    };
    const answer = await client.get('/', madeUp);
    const seen = answer.json<Record<string, string>>();
    expect(seen).toMatchObject({ 'x-forwarded-host': 'shop.example.com', 'x-forwarded-for': '127.0.0.1' });
    expect(answer.body).not.toContain('6.6.6.6');
  });
});

function configFor(url: string, session = "mode: 'local'"): string {
  return `import { defineConfig } from 'limpet';
export default defineConfig({
  pools: { shop: { origins: [{ id: 'a', url: '${url}' }], session: { ${session} } } },
  routes: [{ match: '/*', pool: 'shop' }],
  debug: 'always',
});
`;
}

function folderFor(text: string, others: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-dev-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const files = { ...(text === '' ? {} : { 'limpet.config.ts': text }), ...others };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

async function dev(
  text: string,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  others = {},
) {
  const folder = folderFor(text, others);
  const [port = 0] = await freePorts(1);
  const all = ['dev', '--config', join(folder, 'limpet.config.ts'), '--port', String(port), ...words];
  return {
    folder,
    port,
    url: `http://127.0.0.1:${port}`,
    child: await start('cli/bin.mjs', all, env, 'Ready on'),
  };
}

async function end({ pid, ended }: Running, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  process.kill(pid, signal);
  await ended();
}
