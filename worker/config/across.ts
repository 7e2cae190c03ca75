// Rules between pools and routes. They read what is well-formed and skip the rest, so that one mistake hides no other.
import { addressRules } from './address-rules.ts';
import { isRecord } from './fields.ts';
import { isMatch, isOriginUrl, readMatch } from './patterns.ts';
import { socketRules } from './probe-fields.ts';
import { type Flaw, wantedInstead } from './problems.ts';
import { cookieNames, poolHosts, shareHost } from './resolve.ts';
import { poolNameRules } from './pool-rules.ts';
import type { Checked } from './schema.ts';

export function acrossRules(input: unknown, production: boolean): Flaw[] {
  const { pools, routes, allowPrivate } = isRecord(input) ? input : {};
  const names = isRecord(pools) ? Object.keys(pools) : [];
  const hosts = texts(routes, 'match')
    .filter(([, match]) => isMatch(match))
    .map(([, match]) => readMatch(match).host);
  const addresses = { allowPrivate: allowPrivate === true, production, hosts };
  return [
    ...poolNameRules(names),
    ...socketRules(pools, production),
    ...originUrls(pools).flatMap(([at, url, isBound]) =>
      addressRules(url, { ...addresses, isBound }).map((flaw) => ({ ...flaw, at })),
    ),
    ...(names.length > 0 ? targetRules(routes, pools, names) : []),
  ];
}

/** Each route leads to a pool that exists, each pool has a route. */
function targetRules(routes: unknown, pools: unknown, names: readonly string[]): Flaw[] {
  const targets = texts(routes, 'pool');
  const unknown = targets
    .filter(([, pool]) => !names.includes(pool))
    .map(([at, pool]) => ({
      at: ['routes', at, 'pool'],
      wanted: wantedInstead(pool, names, 'pool'),
      found: pool,
    }));
  const allRead = Array.isArray(routes) && targets.length === routes.length;
  const backups = backupsIn(pools).map(([, backup]) => backup);
  const unrouted = names.filter(
    (name) => allRead && !backups.includes(name) && !targets.some(([, pool]) => pool === name),
  );
  return [
    ...unknown,
    ...backupRules(pools, names),
    ...unrouted.map((name) => ({ at: ['pools', name], wanted: 'a route to this pool', found: undefined })),
  ];
}

/** A backup is another pool, has no backup of its own, and knows sessions by Limpet's cookie alone, as the pool does whose sessions it takes. */
function backupRules(pools: unknown, names: readonly string[]): Flaw[] {
  const backups = backupsIn(pools);
  return backups.flatMap(([name, found]): Flaw[] => {
    const at = ['pools', name, 'backup'];
    if (!names.includes(found)) return [{ at, wanted: wantedInstead(found, names, 'pool'), found }];
    if (found === name || backups.some(([other]) => other === found))
      return [{ at, wanted: 'another pool, without a backup of its own', found }];
    const keyed = [name, found].find((pool) => isKeyed(pools, pool));
    const wanted = `pools that know sessions by "cookie" alone (pool "${keyed}" has another affinity)`;
    return keyed === undefined ? [] : [{ at, wanted, found }];
  });
}

function backupsIn(pools: unknown): [name: string, backup: string][] {
  return Object.entries(isRecord(pools) ? pools : {}).flatMap(([name, pool]): [string, string][] => {
    const backup = isRecord(pool) ? pool['backup'] : undefined;
    return typeof backup === 'string' ? [[name, backup]] : [];
  });
}

function isKeyed(pools: unknown, name: string): boolean {
  const pool = isRecord(pools) ? pools[name] : undefined;
  return isRecord(pool) && texts(pool['affinity'], 'by').some(([, by]) => by !== 'cookie');
}

/** Names that the operator gave to the cookies of two pools on one host. Needs all pools, so it runs when all else is well. */
export function cookieNameRules({ pools, routes }: Checked): Flaw[] {
  const hosts = poolHosts(
    routes.map(({ match, pool }) => ({ host: readMatch(match).host, pool })),
    pools,
  );
  const names = [...cookieNames(pools, hosts)];
  return names.flatMap(([pool, name], at) => {
    const twin = names
      .slice(0, at)
      .find(([other, theirs]) => theirs === name && shareHost(pool, other, hosts));
    const wanted = `a name of its own (pool "${twin?.[0]}" on the same host has this one)`;
    return twin === undefined ? [] : [{ at: ['pools', pool, 'cookie', 'name'], wanted, found: name }];
  });
}

/** The field `name` of the items that have it as text, with their places in the list. */
function texts(list: unknown, name: string): [at: number, text: string][] {
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  return items.flatMap((item, at): [number, string][] => {
    const text = isRecord(item) ? item[name] : undefined;
    return typeof text === 'string' ? [[at, text]] : [];
  });
}

function originUrls(pools: unknown): [at: PropertyKey[], url: string, isBound: boolean][] {
  return Object.entries(isRecord(pools) ? pools : {}).flatMap(([name, pool]) => {
    const origins = isRecord(pool) ? pool['origins'] : [];
    const bound = new Set(texts(origins, 'via').map(([at]) => at));
    return texts(origins, 'url')
      .filter(([, url]) => isOriginUrl(url))
      .map(([at, url]): [PropertyKey[], string, boolean] => [
        ['pools', name, 'origins', at, 'url'],
        url,
        bound.has(at),
      ]);
  });
}
