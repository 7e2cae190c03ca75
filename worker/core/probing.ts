import type { Hysteresis } from './health.ts';
import type { OriginId } from './ids.ts';

/** What an edge tells the pool's monitor with every question: whom to probe, and how. */
export interface ProbingConfig {
  /** When this configuration was deployed. An older one is ignored, so that two deployed versions do not take turns. */
  readonly revision: number;
  readonly origins: readonly ProbedOrigin[];
  readonly health: ProbingPolicy;
}

export interface ProbedOrigin {
  readonly id: OriginId;
  readonly url: string;
  /** The binding through which it is reached; absent where its url is enough. */
  readonly via?: string;
}

export interface ProbingPolicy extends Hysteresis, ProbePolicy {
  readonly intervalMs: number;
  /** The interval of origins whose last probe spoke against what they are taken for. */
  readonly doubtIntervalMs: number;
  /** How far an interval may be off, as a share of it. */
  readonly jitter: number;
  /** From where origins are probed: location hints, several of one region with several voices. Empty: from where the monitor is. */
  readonly vantages: readonly string[];
  /** Where the helpers must be by law; empty where there is none. */
  readonly jurisdiction: string;
}

/** How one probe is made, and what is a good answer to it. */
export interface ProbePolicy {
  readonly type: 'http' | 'tcp';
  readonly path: string;
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** The public host to ask for; empty: that of the origin's url. */
  readonly host: string;
  /** 0: that of the origin's url. */
  readonly port: number;
  readonly timeoutMs: number;
  /** The statuses of a healthy origin; empty stands for 200 to 399. */
  readonly expect: readonly StatusRange[];
  /** What the answer's body must have in it. */
  readonly body: BodyMatch;
  readonly redirects: 'answer' | 'follow';
  /** Cloudflare reaches an origin under another host's name; the local runtime does not. */
  readonly runtime: 'cloudflare' | 'local';
  /** A health path that answers 404 is well, and asks for a drain of this long. Absent: it may not ask. */
  readonly drainOn404Ms?: number;
}

export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

export type BodyMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'pattern'; readonly source: string; readonly flags: string };

/** What an operator who says nothing gets. */
export const plainProbing: ProbingPolicy = {
  type: 'http',
  path: '/',
  method: 'GET',
  headers: {},
  host: '',
  port: 0,
  intervalMs: 5_000,
  doubtIntervalMs: 1_000,
  timeoutMs: 2_000,
  fall: 2,
  rise: 2,
  expect: [],
  body: { kind: 'any' },
  redirects: 'answer',
  jitter: 0.1,
  vantages: [],
  jurisdiction: '',
  runtime: 'local',
};

export function isExpected(status: number, expect: readonly StatusRange[]): boolean {
  const ranges = expect.length === 0 ? [{ from: 200, to: 399 }] : expect;
  return ranges.some(({ from, to }) => status >= from && status <= to);
}

export function hasBody(text: string, match: BodyMatch): boolean {
  switch (match.kind) {
    case 'any':
      return true;
    case 'text':
      return text.includes(match.text);
    case 'pattern':
      return new RegExp(match.source, match.flags).test(text);
    default:
      return match satisfies never;
  }
}

/** The interval give or take its share of jitter, so that the monitors of many pools do not beat together. */
export function jittered(intervalMs: number, jitter: number, chance: number): number {
  return Math.round(intervalMs * (1 - jitter + 2 * jitter * chance));
}

export interface ProbeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** On Cloudflare: the name by which the origin is found, where the url carries another host. */
  readonly resolveOverride?: string;
}

/** What a probe asks: the health path under the origin's own path, at its own host and port unless others are named. */
export function probeRequest(
  origin: string,
  policy: Pick<ProbePolicy, 'path' | 'host' | 'port' | 'headers' | 'runtime'>,
): ProbeRequest {
  const { path, host, runtime } = policy;
  const headers = { 'user-agent': 'limpet-probe', ...policy.headers };
  const base = baseOf(origin, policy.port);
  if (host === '') return { url: base + path, headers };
  if (runtime === 'local') return { url: base + path, headers: { 'x-forwarded-host': host, ...headers } };
  const { protocol, hostname, port, pathname } = new URL(base);
  const place = `${host}${port === '' ? '' : `:${port}`}${pathname === '/' ? '' : pathname}`;
  return { url: `${protocol}//${place}${path}`, headers, resolveOverride: hostname };
}

function baseOf(origin: string, port: number): string {
  if (port === 0) return origin.endsWith('/') ? origin.slice(0, -1) : origin;
  const url = new URL(origin);
  url.port = String(port);
  return url.href.replace(/\/$/, '');
}

/** Where a plain connection goes. */
export function probeSocket(origin: string, port: number): { hostname: string; port: number } {
  const url = new URL(origin);
  const named = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { hostname: url.hostname, port: port === 0 ? named : port };
}
