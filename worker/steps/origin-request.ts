import type { OriginId } from '../core/ids.ts';
import { asksForWebSocket } from './answer.ts';
import type { ContractHeaders } from './contract.ts';
import { clientAddress } from './client-address.ts';
import { originCookies } from './origin-cookies.ts';
import { originUrl } from './origin-url.ts';
import type { Visit } from '../visit.ts';

export interface OriginRequest {
  readonly url: string;
  readonly init: RequestInit;
  /** The binding to send it through; empty: by its url. */
  readonly via: string;
}

/** The client's request as the origin gets it: no hop-by-hop header, no contract header but ours, no affinity cookie, and true X-Forwarded-*. */
export function originRequest(visit: Visit, home: OriginId, contract: ContractHeaders): OriginRequest {
  const origin = visit.pool.origins.get(home);
  if (origin === undefined)
    throw new Error(`Cannot send to origin ${home} as it is not in pool ${visit.pool.name}`);
  const { request, trail } = visit;
  const body = trail.body ?? request.body;
  const { url, cf } = originUrl(visit, origin);
  const init: RequestInit = {
    method: request.method,
    headers: originHeaders(visit, contract),
    redirect: 'manual',
  };
  if (cf !== undefined) init.cf = cf;
  if (body !== null && request.method !== 'GET' && request.method !== 'HEAD') init.body = body;
  return { url, init, via: origin.via };
}

function originHeaders(visit: Visit, contract: ContractHeaders): Record<string, string> {
  const { headers } = visit.request;
  const out: Record<string, string> = {};
  const listed = listedIn(headers.get('connection'));
  // Not `for…of`: its iterator makes two objects per header, which costs 2 to 4 % of a request's CPU (npm run bench -- request-path).
  headers.forEach((value, name) => {
    if (!isOurs(name, visit) && !listed.includes(name)) out[name] = value;
  });
  if (asksForWebSocket(headers)) keepUpgrade(out);
  const cookie = out['cookie'];
  if (cookie !== undefined) setCookies(out, originCookies(visit.pool, cookie));
  addForwarded(visit, out);
  return Object.assign(out, contract);
}

function setCookies(out: Record<string, string>, cookies: string): void {
  if (cookies === '') delete out['cookie'];
  else out['cookie'] = cookies;
}

/** Headers named in `Connection` are the client's connection's; the runtime forwards them. */
function listedIn(connection: string | null): readonly string[] {
  if (connection === null || connection === 'keep-alive' || connection === 'close') return noNames;
  return connection
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}

const noNames: readonly string[] = [];

/** Hop-by-hop (RFC 9110 §7.6.1), and what only a proxy may say. `host` is the runtime's to set. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
  'content-length',
  'expect',
]);

function isOurs(name: string, visit: Visit): boolean {
  switch (name.charCodeAt(0)) {
    case 108: // l
      return isContractName(name);
    case 120: // x
      return isForwardedName(name) && visit.edge.config.forwarded === 'replace';
    case 102: // f
      return name === 'forwarded' && visit.edge.config.forwarded === 'replace';
    default:
      return hopByHop.has(name);
  }
}

/** `limpet-*` in any spelling: CGI, WSGI and Rack fold "_" and "-" into the same variable. */
export function isContractName(name: string): boolean {
  return name.startsWith('limpet') && (name.charCodeAt(6) === 45 || name.charCodeAt(6) === 95);
}

function isForwardedName(name: string): boolean {
  return /^x[-_](forwarded[-_](for|host|proto|port|prefix|server)|real[-_]ip)$/.test(name);
}

function keepUpgrade(out: Record<string, string>): void {
  out['upgrade'] = 'websocket';
  out['connection'] = 'Upgrade';
}

function addForwarded({ request, edge, url }: Visit, out: Record<string, string>): void {
  const address = clientAddress(request, edge.config);
  append(out, 'x-forwarded-for', address === '' ? 'unknown' : address, ', ');
  out['x-forwarded-proto'] ??= url.scheme;
  out['x-forwarded-host'] ??= url.host;
  append(out, 'forwarded', `for=${forwardedNode(address)};host="${url.host}";proto=${url.scheme}`, ', ');
  append(out, 'via', `1.1 ${edge.via}`, ', ');
}

/** RFC 7239 §6: an IPv6 address stands in brackets and quotes. */
function forwardedNode(address: string): string {
  if (address === '') return 'unknown';
  return address.includes(':') ? `"[${address}]"` : address;
}

function append(out: Record<string, string>, name: string, value: string, separator: string): void {
  const before = out[name];
  out[name] = before === undefined ? value : before + separator + value;
}
