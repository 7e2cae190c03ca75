import { describe, expect, it } from 'vitest';
import { sentence } from '../../../worker/config/problems.ts';
import { parseSecrets, type SecretsEnv } from '../../../worker/config/secrets.ts';

const one = 'k3y-one-0123456789abcdefghijklmnop';
const two = 'k3y-two-0123456789abcdefghijklmnop';
const origin = 'Or1gin-0123456789abcdefghijklmnopq';
const admin = 'Adm1n-0123456789abcdefghijklmnopqr';
const good = { COOKIE_KEYS: one, ORIGIN_SECRET: origin, ADMIN_TOKEN: admin };

function sentences(env: SecretsEnv): string[] {
  const parsed = parseSecrets(env);
  return parsed.ok ? [] : parsed.problems.map(sentence);
}

const secret = 'a secret of at least 32 characters';

describe('secrets', () => {
  it('[CF13] are read, the first cookie key first', () => {
    expect(parseSecrets({ ...good, COOKIE_KEYS: `${two}, ${one}` })).toStrictEqual({
      ok: true,
      secrets: { cookieKeys: [two, one], originSecret: origin, adminToken: admin, readToken: '' },
    });
  });

  it.each<[what: string, env: SecretsEnv, ...sentences: string[]]>([
    [
      'none at all',
      {},
      `COOKIE_KEYS: wanted ${secret}, found nothing`,
      `ORIGIN_SECRET: wanted ${secret}, found nothing`,
      `ADMIN_TOKEN: wanted ${secret}, found nothing`,
    ],
    [
      'a read token that is the admin token',
      { ...good, READ_TOKEN: admin },
      'READ_TOKEN: wanted a secret of its own, found the value of ADMIN_TOKEN',
    ],
    [
      'a read token that is short',
      { ...good, READ_TOKEN: 'short' },
      `READ_TOKEN: wanted ${secret}, found 5 characters`,
    ],
    ['blank', { ...good, ADMIN_TOKEN: '   ' }, `ADMIN_TOKEN: wanted ${secret}, found nothing`],
    [
      'too short by one',
      { ...good, ORIGIN_SECRET: origin.slice(0, 31) },
      `ORIGIN_SECRET: wanted ${secret}, found 31 characters`,
    ],
    [
      'a short second key',
      { ...good, COOKIE_KEYS: `${one},short` },
      `COOKIE_KEYS.1: wanted ${secret}, found 5 characters`,
    ],
    [
      'a comma too many',
      { ...good, COOKIE_KEYS: `${one},` },
      `COOKIE_KEYS.1: wanted ${secret}, found nothing`,
    ],
    [
      'the same key twice',
      { ...good, COOKIE_KEYS: `${one},${one}` },
      'COOKIE_KEYS.1: wanted a secret of its own, found the value of COOKIE_KEYS.0',
    ],
    [
      'one value for two',
      { ...good, ADMIN_TOKEN: origin },
      'ADMIN_TOKEN: wanted a secret of its own, found the value of ORIGIN_SECRET',
    ],
    [
      'a cookie key as origin secret',
      { ...good, ORIGIN_SECRET: one },
      'ORIGIN_SECRET: wanted a secret of its own, found the value of COOKIE_KEYS',
    ],
    [
      'change-me',
      { ...good, ORIGIN_SECRET: 'please-change-me-0123456789abcdefghij' },
      'ORIGIN_SECRET: wanted a random secret, found a placeholder',
    ],
    [
      'an example',
      { ...good, ADMIN_TOKEN: 'EXAMPLE-token-0123456789abcdefghijkl' },
      'ADMIN_TOKEN: wanted a random secret, found a placeholder',
    ],
    [
      'one character',
      { ...good, COOKIE_KEYS: 'a'.repeat(64) },
      'COOKIE_KEYS: wanted a random secret, found a placeholder',
    ],
  ])('[CF13] %s', (_what, env, ...expected) => {
    expect(sentences(env)).toEqual(expected);
  });

  it('[CF14] are never printed, whatever is wrong with them', () => {
    const short = 'Zq8Zq8-not-to-be-seen';
    const placeholder = 'Zq8Zq8-change-me-0123456789abcdefghij';
    const all = sentences({
      COOKIE_KEYS: `${short},${placeholder},${placeholder}`,
      ORIGIN_SECRET: short,
      ADMIN_TOKEN: placeholder,
    });
    expect(all).toHaveLength(5);
    expect(all.join('\n')).not.toContain('Zq8');
  });
});
