import type { OriginId } from '../core/ids.ts';
import type { Visit } from '../visit.ts';

/** An answer that names an origin's own host would send the client past Limpet: it is turned to the public one, and counted. */
export function publicHeaders(visit: Visit, home: OriginId, status: number, headers: Headers): void {
  const origin = visit.pool.origins.get(home);
  if (origin === undefined || !visit.pool.config.rewriteHost || origin.host === visit.url.host) return;
  if (status === 201 || (status >= 300 && status < 400)) turn(visit, origin.host, headers, 'location');
  turn(visit, origin.host, headers, 'content-location');
  turnCookies(visit, origin.host, headers);
}

function turn({ url, edge }: Visit, originHost: string, headers: Headers, name: string): void {
  const value = headers.get(name);
  const pathAt = value === null ? -1 : hostEnd(value);
  if (value === null || pathAt < 0) return;
  const [prefix = '', host = ''] = value.slice(0, pathAt).split('//');
  if (host.toLowerCase() !== originHost) return;
  headers.set(name, `${prefix === '' ? '' : `${url.scheme}:`}//${url.host}${value.slice(pathAt)}`);
  edge.counters.add(`host_turned.${name}`);
}

/** Where the host of `scheme://host…` or `//host…` ends; -1 for a value without one. */
function hostEnd(value: string): number {
  const found = /^(?:https?:)?\/\/[^/?#]+/i.exec(value);
  return found === null ? -1 : found[0].length;
}

function turnCookies({ url, edge }: Visit, originHost: string, headers: Headers): void {
  const cookies = headers.getSetCookie();
  const domain = new RegExp(`;\\s*domain=\\.?${escaped(hostname(originHost))}\\s*(?=;|$)`, 'i');
  if (!cookies.some((cookie) => domain.test(cookie))) return;
  headers.delete('set-cookie');
  for (const cookie of cookies)
    headers.append('set-cookie', cookie.replace(domain, `; Domain=${hostname(url.host)}`));
  edge.counters.add('host_turned.set-cookie');
}

function hostname(host: string): string {
  return host.replace(/:\d+$/, '');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
