import type { OriginConfig } from '../config/config.ts';
import type { Visit } from '../visit.ts';

export interface OriginUrl {
  readonly url: string;
  /** On Cloudflare: the name by which the origin is found, where the URL carries the public host. */
  readonly cf?: { readonly resolveOverride: string };
}

/**
 * `fetch` sends the URL's host. With `host: 'preserve'` the URL keeps the public one, and Cloudflare finds the origin by another name of the same zone;
 * a binding knows the way by itself; the local runtime has no such override, so there the origin's own host is sent and the public one stands in X-Forwarded-Host.
 */
export function originUrl({ edge, pool, url }: Visit, origin: OriginConfig): OriginUrl {
  const isBound = origin.via !== '';
  if (pool.config.host === 'origin' || (edge.runtime === 'local' && !isBound))
    return { url: origin.url + url.target };
  const { protocol, hostname, port, pathname } = new URL(origin.url);
  const publicName = url.host.replace(/:\d+$/, '');
  const base = `${protocol}//${publicName}${port === '' ? '' : `:${port}`}${pathname === '/' ? '' : pathname}`;
  return isBound ? { url: base + url.target } : { url: base + url.target, cf: { resolveOverride: hostname } };
}
