import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localSecrets } from '../../../cli/local-secrets.ts';
import { ownSecrets } from '../../../cli/serve/own-secrets.ts';
import { loadConfig } from '../../../worker/config/parse.ts';
import { folderWith } from './folder.ts';

const given = {
  COOKIE_KEYS: 'cookie-keys-of-the-environment-0123456789',
  ORIGIN_SECRET: 'origin-secret-of-the-environment-0123456789',
  ADMIN_TOKEN: 'admin-token-of-the-environment-0123456789',
};

const site = {
  pools: { shop: { origins: [{ id: 'a', url: 'http://127.0.0.1:9001' }] } },
  routes: [{ match: '/*', pool: 'shop' }],
};

describe('.dev.vars', () => {
  it('[CL5] all secrets are made where there is no file, for its owner only, and read again the next time', () => {
    const folder = folderWith({});
    const first = localSecrets(join(folder, 'limpet.config.ts'), {});
    expect(first.made).toEqual(['COOKIE_KEYS', 'ORIGIN_SECRET', 'ADMIN_TOKEN']);
    expect(new Set(Object.values(first.values)).size).toBe(3);
    expect(Object.values(first.values).every((value) => value.length >= 32)).toBe(true);
    expect(statSync(first.file).mode & 0o777).toBe(0o600);
    expect(localSecrets(join(folder, 'limpet.config.ts'), {})).toEqual({ ...first, made: [] });
    expect(readdirSync(folder)).toEqual(['.dev.vars']);
  });

  it('[CL5] only missing names are added; every line that was there stays', () => {
    const before =
      '# mine\nADMIN_TOKEN="quoted value that is long enough to be one"\nLIMPET_API=http://10.0.0.1:1';
    const folder = folderWith({ '.dev.vars': before });
    const { values, made, file } = localSecrets(join(folder, 'limpet.config.ts'), {});
    expect(made).toEqual(['COOKIE_KEYS', 'ORIGIN_SECRET']);
    expect(values).toMatchObject({
      ADMIN_TOKEN: 'quoted value that is long enough to be one',
      LIMPET_API: 'http://10.0.0.1:1',
    });
    expect(readFileSync(file, 'utf8').startsWith(`${before}\nCOOKIE_KEYS=`)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('[CL5] where a pool’s store is comes from the environment too, and is never made', () => {
    const folder = folderWith({ '.dev.vars': 'REDIS_URL=redis://of-the-file\n' });
    const file = join(folder, 'limpet.config.ts');
    expect(localSecrets(file, given).values).toEqual({ ...given, REDIS_URL: 'redis://of-the-file' });
    const env = { ...given, REDIS_URL: 'redis://of-the-environment', REDIS_HTTP_TOKEN: 't' };
    expect(localSecrets(file, env)).toMatchObject({ values: env, made: [] });
  });

  it('[CL5] the empty names of a copied .dev.vars.example are missing ones', () => {
    const folder = folderWith({ '.dev.vars': 'COOKIE_KEYS=\nORIGIN_SECRET=\nADMIN_TOKEN=\n' });
    const { made } = localSecrets(join(folder, 'limpet.config.ts'), {});
    expect(made).toHaveLength(3);
    expect(localSecrets(join(folder, 'limpet.config.ts'), {}).made).toEqual([]);
  });

  it('[CL5] so does the read token, which is never made either', () => {
    const folder = folderWith({});
    const file = join(folder, 'limpet.config.ts');
    const env = { ...given, READ_TOKEN: 'read-token-of-the-environment-0123456789' };
    expect(localSecrets(file, env).values['READ_TOKEN']).toBe(env.READ_TOKEN);
    expect(ownSecrets(file, loadConfig(site, { production: false }), env)).toMatchObject(env);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("[CL5] the environment's secrets come first, and none is written down", () => {
    const folder = folderWith({});
    const { values, made } = localSecrets(join(folder, 'limpet.config.ts'), given);
    expect([values, made]).toEqual([given, []]);
    expect(existsSync(join(folder, '.dev.vars'))).toBe(false);
  });

  it('[CL5] nothing is made when what is needed exists', () => {
    const folder = folderWith({});
    const { made } = localSecrets(join(folder, 'x.ts'), { ORIGIN_SECRET: given.ORIGIN_SECRET }, [
      'ORIGIN_SECRET',
    ]);
    expect(made).toEqual([]);
    expect(existsSync(join(folder, '.dev.vars'))).toBe(false);
  });
});
