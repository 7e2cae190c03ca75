import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../worker/config/parse.ts';
import { sentence } from '../../../worker/config/problems.ts';
import { parseStoreSecrets, type StoreSecretsEnv } from '../../../worker/config/store-secrets.ts';

type Store = 'limpet' | 'redis' | 'redis-http';

function poolsWith(store: Store) {
  const pool = {
    origins: [{ id: 'a', url: 'https://a.example.com' }],
    session: { mode: 'external', store },
  } as const;
  const { pools } = loadConfig(
    { pools: { shop: pool }, routes: [{ match: '/*', pool: 'shop' }] },
    { production: false },
  );
  return pools;
}

function sentences(store: Store, env: StoreSecretsEnv): string[] {
  const parsed = parseStoreSecrets(poolsWith(store), env);
  return parsed.ok ? [] : parsed.problems.map(sentence);
}

const redis = (url: string) => sentences('redis', { REDIS_URL: url });
const wanted =
  'redis://[user][:password@]host[:port][/database], or rediss:// for TLS, as a pool\'s session.store is "redis"';

describe('the secrets of a store', () => {
  it('[RD40] are read only for the stores that a pool names', () => {
    expect(parseStoreSecrets(poolsWith('limpet'), { REDIS_URL: 'nonsense' })).toEqual({
      ok: true,
      stores: { redis: undefined, redisHttp: undefined },
    });
  });

  it.each([
    [
      'redis://cache.example.com',
      { host: 'cache.example.com', port: 6379, tls: false, user: '', password: '', database: 0 },
    ],
    [
      'rediss://limpet:p%40ss@cache.example.com:6380/3',
      { host: 'cache.example.com', port: 6380, tls: true, user: 'limpet', password: 'p@ss', database: 3 },
    ],
    [
      'redis://:secret@[::1]:7000/',
      { host: '::1', port: 7000, tls: false, user: '', password: 'secret', database: 0 },
    ],
  ])('[RD40] %s is an address', (url, address) => {
    expect(parseStoreSecrets(poolsWith('redis'), { REDIS_URL: ` ${url} ` })).toMatchObject({
      stores: { redis: address },
    });
  });

  it.each([
    ['', 'nothing'],
    ['cache.example.com:6379', 'a URL that begins with cache.example.com:'],
    ['https://cache.example.com', 'a URL that begins with https:'],
    ['redis://', 'a URL without a host'],
    ['redis://cache/one', 'the database "one"'],
    ['redis://cache/0?tls=1', 'a URL with a query or fragment'],
    ['redis://:%zz@cache', 'a user or password that is not percent-encoded'],
    ['::', 'text that is not a URL'],
  ])('[RD41] REDIS_URL %j is refused, and no password is repeated', (url, found) => {
    expect(redis(url)).toEqual([`REDIS_URL: wanted ${wanted}, found ${found}`]);
  });

  it('[RD41] a Redis over HTTP needs a URL with https, and its token', () => {
    const http = 'an https:// URL (http:// on this machine), as a pool\'s session.store is "redis-http"';
    const token = 'the token of REDIS_HTTP_URL, in visible characters';
    expect(sentences('redis-http', {})).toEqual([
      `REDIS_HTTP_URL: wanted ${http}, found nothing`,
      `REDIS_HTTP_TOKEN: wanted ${token}, found nothing`,
    ]);
    expect(
      sentences('redis-http', { REDIS_HTTP_URL: 'http://db.example.com', REDIS_HTTP_TOKEN: 'a b' }),
    ).toEqual([
      `REDIS_HTTP_URL: wanted ${http}, found a URL that begins with http:`,
      `REDIS_HTTP_TOKEN: wanted ${token}, found 3 characters, not all of them visible`,
    ]);
    expect(
      sentences('redis-http', { REDIS_HTTP_URL: 'https://u:p@db.example.com', REDIS_HTTP_TOKEN: 't' }),
    ).toEqual([`REDIS_HTTP_URL: wanted ${http}, found a URL with a user or password`]);
    expect(
      sentences('redis-http', { REDIS_HTTP_URL: 'http://127.0.0.1:8079/', REDIS_HTTP_TOKEN: 't' }),
    ).toEqual([]);
  });
});
