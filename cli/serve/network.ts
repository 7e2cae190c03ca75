import { isIP } from 'node:net';
import { addressKind } from '../../worker/config/address.ts';
import type { Config } from '../../worker/config/config.ts';
import { parseStoreSecrets, type StoreSecretsEnv } from '../../worker/config/store-secrets.ts';

/** Which networks the Worker may connect to: what the configuration allows, whatever a name resolves to. */
export function networkOf({ allowPrivate, pools }: Config): string[] {
  if (allowPrivate) return ['public', 'private'];
  const urls = Object.values(pools).flatMap(({ origins }) => origins.map(({ url }) => url));
  const isLocal = urls.some((url) => addressKind(new URL(url).hostname) === 'loopback');
  return isLocal ? ['public', 'local'] : ['public'];
}

/** A store at an address of its own is reached wherever that is; a name that leads to a private one needs `allowPrivate`, as an origin's does. */
export function storeNetworkOf({ pools }: Config, env: StoreSecretsEnv): string[] {
  const parsed = parseStoreSecrets(pools, env);
  if (!parsed.ok) return [];
  const { redis, redisHttp } = parsed.stores;
  const hosts = [redis?.host, redisHttp && new URL(redisHttp.url).hostname.replace(/^\[(.*)\]$/, '$1')];
  return hosts.flatMap((host) => {
    if (host === undefined) return [];
    if (isIP(host) > 0) return [`${host}/${isIP(host) === 4 ? 32 : 128}`];
    return addressKind(host) === 'loopback' ? ['local'] : [];
  });
}
