// From checked input to the resolved configuration: the small languages are read, defaults that depend on others are set.
import type {
  Config,
  HealthPolicy,
  HostMatch,
  OriginConfig,
  PoolConfig,
  RouteConfig,
  SessionPolicy,
} from './config.ts';
import { readAffinityKey, readMatch, readOriginUrl, readPath } from './patterns.ts';
import { readBodyMatch, readStatuses } from './probe-fields.ts';
import { coversHost } from './route-rules.ts';
import type { Checked, CheckedPool } from './schema.ts';

export function resolve(checked: Checked): Config {
  const routes = checked.routes.map(
    (route): RouteConfig => ({ ...readMatch(route.match), pool: route.pool, resend: route.resend }),
  );
  const names = cookieNames(checked.pools, poolHosts(routes, checked.pools));
  const pools = Object.entries(checked.pools).map(
    ([name, pool]) => [name, resolvePool(name, pool, names.get(name) ?? 'limpet')] as const,
  );
  const { debug, forwarded, allowPrivate } = checked;
  const clientAddress = { header: checked.clientAddress.header.toLowerCase() };
  return { pools: Object.fromEntries(pools), routes, debug, forwarded, clientAddress, allowPrivate };
}

function resolvePool(name: string, pool: CheckedPool, cookieName: string): PoolConfig {
  return {
    ...pool,
    name,
    origins: pool.origins.map(resolveOrigin),
    affinity: pool.affinity.map((rule) => readAffinityKey(rule.by)),
    session: resolveSession(pool.session),
    cookie: { ...pool.cookie, name: cookieName },
    backup: pool.backup ?? '',
    health: resolveHealth(pool.health),
    registration: pool.registration ?? 'off',
    fallback: { ...pool.fallback, paths: pool.fallback.paths.map(readPath) },
  };
}

function resolveOrigin({
  id,
  url,
  via = '',
  weight,
  maxConcurrent,
}: CheckedPool['origins'][number]): OriginConfig {
  const read = readOriginUrl(url);
  return { id, url: read.url, host: read.host, via, weight, maxConcurrent };
}

const homeLostDefault = { local: 'empty', replicated: 'restore', external: 'external' } as const;

function resolveSession(session: CheckedPool['session']): SessionPolicy {
  const {
    mode,
    onHomeLost = homeLostDefault[mode],
    contract = mode !== 'local',
    jurisdiction = '',
  } = session;
  return { ...session, onHomeLost, contract, jurisdiction };
}

const doubtIntervalMsDefault = 1000;

function resolveHealth(health: CheckedPool['health']): HealthPolicy {
  const { host = '', port = 0, expect, body, intervalMs } = health;
  const { doubtIntervalMs = Math.min(doubtIntervalMsDefault, intervalMs) } = health;
  return { ...health, host, port, doubtIntervalMs, expect: readStatuses(expect), body: readBodyMatch(body) };
}

/** The hosts that each pool's routes listen to, those of the pools that it is the backup of included. */
export type PoolHosts = ReadonlyMap<string, readonly HostMatch[]>;

export function poolHosts(
  routes: readonly { readonly host: HostMatch; readonly pool: string }[],
  pools: Readonly<Record<string, { readonly backup?: string | undefined }>>,
): PoolHosts {
  const hosts = new Map<string, HostMatch[]>();
  const add = (pool: string, host: HostMatch) => hosts.set(pool, [...(hosts.get(pool) ?? []), host]);
  for (const { host, pool } of routes) {
    add(pool, host);
    const backup = pools[pool]?.backup;
    if (backup !== undefined) add(backup, host);
  }
  return hosts;
}

interface Named {
  readonly cookie: { readonly name?: string | undefined };
}

/**
 * The cookie's name of each pool. Two pools on one host would overwrite each other's `limpet`; the first keeps it,
 * so that adding a pool later renames no cookie that is already out.
 */
export function cookieNames(pools: Readonly<Record<string, Named>>, hosts: PoolHosts): Map<string, string> {
  const names = new Map<string, string>();
  for (const [pool, { cookie }] of Object.entries(pools)) {
    const taken = [...names].some(([other, name]) => name === 'limpet' && shareHost(pool, other, hosts));
    names.set(pool, cookie.name ?? (taken ? `limpet-${pool}` : 'limpet'));
  }
  return names;
}

export function shareHost(pool: string, other: string, hosts: PoolHosts): boolean {
  const others = hosts.get(other) ?? [];
  return (hosts.get(pool) ?? []).some((a) => others.some((b) => coversHost(a, b) || coversHost(b, a)));
}
