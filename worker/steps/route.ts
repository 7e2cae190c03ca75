import type { Config, RouteConfig } from '../config/config.ts';
import { type PoolName, poolName } from '../core/ids.ts';
import type { RequestUrl } from '../visit.ts';
import { pathMatches } from './path-matches.ts';

/** Host and path → pool: the first route that matches. */
export function route(url: RequestUrl, config: Config): PoolName | undefined {
  for (const candidate of config.routes) {
    if (matches(candidate, url)) return poolName(candidate.pool);
  }
  return undefined;
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

function matches({ host, path }: RouteConfig, url: RequestUrl): boolean {
  if (host.kind !== 'any' && !hostMatches(host, hostname(url.host))) return false;
  return pathMatches(path, url.target);
}

function hostMatches(host: Exclude<RouteConfig['host'], { kind: 'any' }>, name: string): boolean {
  return host.kind === 'exact' ? name === host.host : name.endsWith(host.suffix);
}

function hostname(host: string): string {
  const portAt = host.lastIndexOf(':');
  return portAt > host.lastIndexOf(']') ? host.slice(0, portAt) : host;
}
