import type { Config } from '../config/config.ts';
import { type PoolName, poolName } from '../core/ids.ts';
import type { RequestUrl } from '../visit.ts';
import { routeOf } from './route-of.ts';

/** Host and path → pool: the first route that matches. */
export function route(url: RequestUrl, config: Config): PoolName | undefined {
  const found = routeOf(url, config);
  return found === undefined ? undefined : poolName(found.pool);
}

/** The URL in three slices: building a `URL` would cost more than all of routing. */
export function requestUrl(text: string): RequestUrl {
  const hostAt = text.indexOf('//') + 2;
  const targetAt = text.indexOf('/', hostAt);
  return {
    scheme: text.startsWith('https') ? 'https' : 'http',
    host: text.slice(hostAt, targetAt),
    target: text.slice(targetAt),
  };
}
