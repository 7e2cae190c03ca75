// The small languages of the configuration: names, urls, matches, affinity keys. Each has a test and a reading.
import type { AffinityRule, HostMatch, PathMatch } from './config.ts';

/** An origin's id and a pool's name. */
export const isName = (text: string) => /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(text);

/** A header's or a cookie's name (RFC 9110 token). */
export const isToken = (text: string) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);

/** A url of an origin. Checked as written too, because the parser forgives blanks, backslashes and an empty query. */
export function isOriginUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s\\?#@]+$/i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.username === '' && url.password === '' && url.port !== '0';
}

/** Only for what `isOriginUrl` accepts. */
export function readOriginUrl(text: string): { url: string; host: string; hostname: string } {
  const { host, hostname, origin, pathname } = new URL(text);
  return { url: `${origin}${pathname.replace(/\/+$/, '')}`, host, hostname };
}

/** `/docs/*`, `/index.html`: a star only at the end. */
export const isPathPattern = (text: string) => /^\/[^\s\\?#*]*\*?$/.test(text);

export function readPath(text: string): PathMatch {
  const [kind, written] = text.endsWith('*')
    ? (['prefix', text.slice(0, -1)] as const)
    : (['exact', text] as const);
  return { kind, path: new URL(`http://a${written}`).pathname };
}

export function isMatch(text: string): boolean {
  const { host, path } = split(text);
  const name = host.replace(/^\*\./, '');
  const hostIsFine = host === '' || (/^[^\s\\:*?#@%[\]]+$/.test(name) && URL.canParse(`http://${name}`));
  return hostIsFine && isPathPattern(path);
}

/** Only for what `isMatch` accepts. */
export function readMatch(text: string): { host: HostMatch; path: PathMatch } {
  const { host, path } = split(text);
  return { host: readHost(host), path: readPath(path) };
}

function split(match: string): { host: string; path: string } {
  const slash = match.indexOf('/');
  return slash < 0 ? { host: match, path: '' } : { host: match.slice(0, slash), path: match.slice(slash) };
}

function readHost(host: string): HostMatch {
  if (host === '') return { kind: 'any' };
  const { hostname } = new URL(`http://${host.replace(/^\*\./, '')}`);
  return host.startsWith('*.')
    ? { kind: 'suffix', suffix: `.${hostname}` }
    : { kind: 'exact', host: hostname };
}

export function isAffinityKey(text: string): boolean {
  const [kind, name] = keyed(text);
  if (name === undefined) return kind === 'cookie' || kind === 'ip';
  return (kind === 'cookie' || kind === 'header') && isToken(name) && !(kind === 'header' && isOurs(name));
}

/** A client's own `limpet-*` headers are removed before anything reads them, and `Cookie` is not one value. */
const isOurs = (header: string) => /^(limpet[-_]|cookie$)/i.test(header);

/** Only for what `isAffinityKey` accepts. */
export function readAffinityKey(text: string): AffinityRule {
  const [kind, name] = keyed(text);
  if (kind === 'header') return { by: 'header', name: (name ?? '').toLowerCase() };
  if (name !== undefined) return { by: 'application-cookie', name };
  return kind === 'ip' ? { by: 'ip' } : { by: 'cookie' };
}

function keyed(text: string): [kind: string, name: string | undefined] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}
