import type { PoolConfig } from './config.ts';
import type { Problem } from './problems.ts';

/** Where a Redis is, as its `redis://` or `rediss://` URL says. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Empty where it wants none; without a user it is the password of `default`. */
  readonly user: string;
  readonly password: string;
  readonly database: number;
}

/** An Upstash-style Redis over HTTP. */
export interface RedisHttp {
  readonly url: string;
  readonly token: string;
}

export interface StoreSecretsEnv {
  readonly REDIS_URL?: string | undefined;
  readonly REDIS_HTTP_URL?: string | undefined;
  readonly REDIS_HTTP_TOKEN?: string | undefined;
}

/** The stores that the pools name, and where each one is. */
export interface StoreSecrets {
  readonly redis: RedisAddress | undefined;
  readonly redisHttp: RedisHttp | undefined;
}

export type ParsedStoreSecrets =
  | { readonly ok: true; readonly stores: StoreSecrets }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads what the pools need and nothing else. A problem never repeats a password or a token. */
export function parseStoreSecrets(
  pools: Readonly<Record<string, PoolConfig>>,
  env: StoreSecretsEnv,
): ParsedStoreSecrets {
  const named = new Set(Object.values(pools).map(({ session }) => session.store));
  const problems: Problem[] = [];
  const redis = named.has('redis') ? parseRedisUrl(text(env.REDIS_URL)) : undefined;
  if (typeof redis === 'string') problems.push({ path: 'REDIS_URL', wanted: redisWanted, found: redis });
  const redisHttp = named.has('redis-http') ? httpOf(env, problems) : undefined;
  if (problems.length > 0 || typeof redis === 'string') return { ok: false, problems };
  return { ok: true, stores: { redis, redisHttp } };
}

const redisWanted =
  'redis://[user][:password@]host[:port][/database], or rediss:// for TLS, as a pool\'s session.store is "redis"';
const httpWanted = 'an https:// URL (http:// on this machine), as a pool\'s session.store is "redis-http"';

// A binding of another kind under a secret's name is as good as none.
const text = (value: unknown) => (typeof value === 'string' ? value.trim() : '');

/** The address, or what was found instead of one. */
function parseRedisUrl(value: string): RedisAddress | string {
  if (value === '') return 'nothing';
  if (!URL.canParse(value)) return 'text that is not a URL';
  const { protocol, hostname, port, username, password: written, pathname, search, hash } = new URL(value);
  if (protocol !== 'redis:' && protocol !== 'rediss:') return `a URL that begins with ${protocol}`;
  if (hostname === '') return 'a URL without a host';
  if (search !== '' || hash !== '') return 'a URL with a query or fragment';
  const database = /^\/?(\d{0,5})$/.exec(pathname)?.[1];
  if (database === undefined) return `the database ${JSON.stringify(pathname.slice(1))}`;
  const [user, password] = [unescaped(username), unescaped(written)];
  if (user === undefined || password === undefined) return 'a user or password that is not percent-encoded';
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? 6379 : Number(port),
    tls: protocol === 'rediss:',
    user,
    password,
    database: Number(database),
  };
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function httpOf(env: StoreSecretsEnv, problems: Problem[]): RedisHttp {
  const [url, token] = [text(env.REDIS_HTTP_URL).replace(/\/$/, ''), text(env.REDIS_HTTP_TOKEN)];
  const found = foundInstead(url);
  if (found !== undefined) problems.push({ path: 'REDIS_HTTP_URL', wanted: httpWanted, found });
  if (!/^[\x21-\x7e]+$/.test(token))
    problems.push({
      path: 'REDIS_HTTP_TOKEN',
      wanted: 'the token of REDIS_HTTP_URL, in visible characters',
      found: token === '' ? 'nothing' : `${token.length} characters, not all of them visible`,
    });
  return { url, token };
}

function foundInstead(url: string): string | undefined {
  if (url === '') return 'nothing';
  if (!URL.canParse(url)) return 'text that is not a URL';
  const { protocol, hostname, username, password } = new URL(url);
  const isHere = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  if (username !== '' || password !== '') return 'a URL with a user or password';
  if (protocol === 'https:' || (protocol === 'http:' && isHere)) return undefined;
  return `a URL that begins with ${protocol}`;
}
