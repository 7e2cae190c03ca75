import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../../cli/main.ts';
import { originKeyText } from '../../../worker/core/origin-key.ts';
import { folderWith, goodConfig } from './folder.ts';
import { listen } from './said.ts';

// docs/contract.md §5, Vectors
const vector = {
  secret: 'an-origin-secret-of-32-characters-or-more',
  key: 'E7Un_C9lIoU7wiiydqOWNWgRd80DYVGxt7K8LRD9zi4',
};

afterEach(() => vi.unstubAllEnvs());

describe('limpet key', () => {
  it('[CL11] the key is the one of the contract', async () => {
    expect(await originKeyText(vector.secret, 'shop', 'a')).toBe(vector.key);
  });

  it('[CL11] a secret of the environment is the one that counts, and then nothing is written', async () => {
    const said = listen();
    vi.stubEnv('ORIGIN_SECRET', vector.secret);
    const folder = folderWith({ 'limpet.config.ts': goodConfig });
    expect(await run(['key', 'a', '--config', join(folder, 'limpet.config.ts')])).toBe(0);
    expect(said.stdout()).toBe(`LIMPET_ORIGIN=a\nLIMPET_KEY=${vector.key}\n`);
    expect(existsSync(join(folder, '.dev.vars'))).toBe(false);
  });

  it('[CL11] without a secret one is made first, and the next key comes from it', async () => {
    const said = listen();
    vi.stubEnv('ORIGIN_SECRET', '');
    const folder = folderWith({ 'limpet.config.ts': goodConfig });
    const argv = ['key', 'b', '--json', '--config', join(folder, 'limpet.config.ts')];
    await run(argv);
    const secret = /^ORIGIN_SECRET=(.*)$/m.exec(readFileSync(join(folder, '.dev.vars'), 'utf8'))?.[1] ?? '';
    const values = {
      version: 1,
      pool: 'shop',
      LIMPET_ORIGIN: 'b',
      LIMPET_KEY: await originKeyText(secret, 'shop', 'b'),
    };
    expect(JSON.parse(said.stdout())).toEqual(values);
    expect(said.stderr()).toMatch(
      /^Made COOKIE_KEYS, ORIGIN_SECRET, ADMIN_TOKEN for local work in .*\.dev\.vars\n$/,
    );
  });

  it.each([
    [['key', 'z'], 'Unknown origin "z". The origins are: a, b'],
    [['key', 'a', '--pool', 'blog'], 'Unknown pool "blog". The pools are: shop'],
  ])('[CL11] an unknown name lists the known ones: %j', async (argv, sentence) => {
    const said = listen();
    const folder = folderWith({ 'limpet.config.ts': goodConfig });
    expect(await run([...argv, '--config', join(folder, 'limpet.config.ts')])).toBe(1);
    expect(said.stderr()).toBe(`${sentence}\n`);
  });

  it('[CL11] an id that may register has a key, though no configuration names it', async () => {
    const said = listen();
    vi.stubEnv('ORIGIN_SECRET', vector.secret);
    const text = goodConfig.replace(
      'origins:',
      "registration: { ids: 'web-*', hosts: ['10.0.0.0/8'] }, origins:",
    );
    const folder = folderWith({ 'limpet.config.ts': text });
    const key = (id: string) => run(['key', id, '--config', join(folder, 'limpet.config.ts')]);
    expect(await key('web-7')).toBe(0);
    expect(said.stdout()).toContain('LIMPET_KEY=eSzqNni7jGMAof9nEL-v0k_LM9QBxm1aSoRl2e7BigY\n');
    expect(await key('job-7')).toBe(1);
    expect(said.stderr()).toContain('Unknown origin "job-7". The origins are: a, b, web-*\n');
  });

  it('[CL11] an id that two pools use needs --pool, and each gets a key of its own', async () => {
    const said = listen();
    vi.stubEnv('ORIGIN_SECRET', vector.secret);
    const two = `export default { pools: {
      shop: { origins: [{ id: 'a', url: 'http://127.0.0.1:9001' }] },
      blog: { origins: [{ id: 'a', url: 'http://127.0.0.1:9002' }], cookie: { name: 'blog' } } },
      routes: [{ match: '/blog/*', pool: 'blog' }, { match: '/*', pool: 'shop' }] }`;
    const argv = ['key', 'a', '--config', join(folderWith({ 'two.ts': two }), 'two.ts')];
    expect(await run(argv)).toBe(1);
    expect(said.stderr()).toBe('Several pools have an origin "a". Say which: --pool shop or --pool blog\n');
    expect(await run([...argv, '--pool', 'blog'])).toBe(0);
    expect(said.stdout()).toContain(await originKeyText(vector.secret, 'blog', 'a'));
  });

  it('[CL11] a secret that the Worker would refuse is refused here', async () => {
    const said = listen();
    vi.stubEnv('ORIGIN_SECRET', 'short');
    const folder = folderWith({ 'limpet.config.ts': goodConfig });
    expect(await run(['key', 'a', '--config', join(folder, 'limpet.config.ts')])).toBe(1);
    expect(said.stderr()).toContain(
      'ORIGIN_SECRET: wanted a secret of at least 32 characters, found 5 characters',
    );
  });
});
