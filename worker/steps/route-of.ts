import type { Config, RouteConfig } from '../config/config.ts';
import type { RequestUrl } from '../visit.ts';
import { pathMatches } from './path-matches.ts';

/** The first route that matches. */
export function routeOf(url: RequestUrl, config: Config): RouteConfig | undefined {
  for (const candidate of config.routes) {
    if (matches(candidate, url)) return candidate;
  }
  return undefined;
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
