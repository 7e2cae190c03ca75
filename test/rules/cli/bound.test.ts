import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../cli/main.ts';
import { folderWith } from './folder.ts';
import { listen } from './said.ts';

const config = `export default {
  pools: { shop: { origins: [{ id: 'a', url: 'http://a.internal', via: 'APP_A' }] } },
  routes: [{ match: '/*', pool: 'shop' }],
};`;
const check = (files: Readonly<Record<string, string>>, ...words: string[]) =>
  run([
    'check',
    '--config',
    join(folderWith({ 'limpet.config.ts': config, ...files }), 'limpet.config.ts'),
    ...words,
  ]);

describe('limpet check --production', () => {
  it.each<[string, Record<string, string>]>([
    ['wrangler.toml', { 'wrangler.toml': '[[services]]\nbinding = "APP_A"\nservice = "app"\n' }],
    ['wrangler.jsonc', { 'wrangler.jsonc': '{ "services": [{ "binding": "APP_A", "service": "app" }] }' }],
    ['no such file: another one is deployed', {}],
  ])('[VI6] is content with a binding that is there: %s', async (_, files) => {
    listen();
    expect(await check(files, '--production')).toBe(0);
  });

  it.each(['', 'binding = "APP_B"', '# binding = "APP_A"', 'service = "APP_A"'])(
    '[VI6] names the origin whose binding is not there: %j',
    async (text) => {
      const said = listen();
      expect(await check({ 'wrangler.toml': text }, '--production')).toBe(1);
      expect(said.stderr()).toMatch(
        /pools\.shop\.origins\.0\.via: wanted a binding of this name in wrangler\.toml .*, found "APP_A"/,
      );
      expect(await check({ 'wrangler.toml': text })).toBe(0);
    },
  );
});

describe('limpet serve', () => {
  it('[VI7] refuses origins behind a binding, before it starts anything', async () => {
    const said = listen();
    const file = join(folderWith({ 'limpet.config.ts': config }), 'limpet.config.ts');
    expect(await run(['serve', '--config', file, '--port', '0'])).toBe(1);
    expect(said.stderr()).toContain(
      'pools.shop.origins.0.via: wanted no binding: limpet serve reaches each origin by its url, found "APP_A"',
    );
  });
});
