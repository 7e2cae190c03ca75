import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../worker/config/parse.ts';
import { sentence } from '../../../worker/config/problems.ts';

const origin = { id: 'a', url: 'https://a.example.net' };
const other = { id: 'b', url: 'https://b.example.net' };
const all = [{ match: '/*', pool: 'shop' }];

const shop = (more: object) => ({ pools: { shop: { origins: [origin], ...more } }, routes: all });
const routed = (...routes: unknown[]) => ({ pools: { shop: { origins: [origin] } }, routes });
const to = (match: unknown) => ({ match, pool: 'shop' });

function sentences(input: unknown, production = true): string[] {
  const parsed = parseConfig(input, { production });
  return parsed.ok ? [] : parsed.problems.map(sentence);
}

const block = 'an object with pools, routes, debug, forwarded, clientAddress, allowPrivate';
const name = 'a letter or digit, then up to 63 letters, digits, dots, dashes and underscores';
const url = 'an http or https url without user, password, query and fragment';
const match = 'a host and a path such as "/*", "shop.example.com/*" or "*.example.com/app/*", without a port';
const cookieName =
  'a cookie name of up to 40 characters without "__Host-" or "__Secure-" (Limpet adds the prefix)';
const status = 'a status from 200 to 599, or a range such as "2xx" or "200-299"';
const probeHeaders =
  'an object of up to 20 headers, as text in visible ASCII (not host, not content-length, not limpet-*)';
const affinityKey = '"cookie", "cookie:<name>", "header:<name>" (not limpet-*, not cookie) or "ip"';

describe('a bad configuration', () => {
  it.each<[what: string, input: unknown, ...sentences: string[]]>([
    ['nothing', undefined, `configuration: wanted ${block}, found nothing`],
    ['null', null, `configuration: wanted ${block}, found null`],
    ['a list', [], `configuration: wanted ${block}, found []`],
    ['a promise', Promise.resolve({}), `configuration: wanted ${block}, found {}`],
    [
      'an empty one',
      {},
      'pools: wanted an object with at least one pool, found nothing',
      'routes: wanted a list of 1 to 1000 routes, found nothing',
    ],
    ['no pools', { pools: {}, routes: all }, 'pools: wanted an object with at least one pool, found {}'],
    [
      'pools as a list',
      { pools: [], routes: all },
      'pools: wanted an object with at least one pool, found []',
    ],
    [
      'no routes',
      routed(),
      'routes: wanted a list of 1 to 1000 routes, found []',
      'pools.shop: wanted a route to this pool, found nothing',
    ],
    [
      'a pool name with a blank',
      { pools: { 'my shop': { origins: [origin] } }, routes: [{ match: '/*', pool: 'my shop' }] },
      `routes.0.pool: wanted a pool's name: ${name}, found "my shop"`,
      `pools.my shop: wanted a pool's name: ${name}, found "my shop"`,
    ],
    [
      'a pool named as an object has it',
      { pools: { constructor: { origins: [origin] } }, routes: [{ match: '/*', pool: 'constructor' }] },
      'pools.constructor: wanted a name that JavaScript does not use itself, found "constructor"',
    ],
    [
      'debug as a boolean',
      { ...shop({}), debug: true },
      'debug: wanted "off", "token" or "always", found true',
    ],
    [
      'a header name with a colon',
      { ...shop({}), clientAddress: { header: 'x-real-ip:' } },
      'clientAddress.header: wanted a header\'s name, found "x-real-ip:"',
    ],
    [
      'clientAddress without header',
      { ...shop({}), clientAddress: {} },
      "clientAddress.header: wanted a header's name, found nothing",
    ],
    [
      'allowPrivate as a word',
      { ...shop({}), allowPrivate: 'yes' },
      'allowPrivate: wanted true or false, found "yes"',
    ],

    [
      'no origins',
      shop({ origins: [] }),
      'pools.shop.origins: wanted a list of 1 to 1000 origins, or registration, found []',
    ],
    [
      'an origin as a url',
      shop({ origins: ['https://a.example.net'] }),
      'pools.shop.origins.0: wanted an object with id, url, via, weight, maxConcurrent, found "https://a.example.net"',
    ],
    [
      'an origin without url',
      shop({ origins: [{ id: 'a' }] }),
      `pools.shop.origins.0.url: wanted ${url}, found nothing`,
    ],
    ...['', 'A B', '1A', 'FALLBACK', 'LIMPET_API', 7].map((via): [string, unknown, string] => [
      `a binding named ${JSON.stringify(via)}`,
      shop({ origins: [{ ...origin, via }] }),
      `pools.shop.origins.0.via: wanted a binding's name, not one of Limpet's own, found ${JSON.stringify(via)}`,
    ]),
    [
      'two origins at one url behind one binding',
      shop({ origins: [origin, { ...origin, id: 'b' }].map((one) => ({ ...one, via: 'APP' })) }),
      'pools.shop.origins.1.url: wanted a url of its own (origins.0 has this one), found "https://a.example.net"',
    ],
    [
      'a metadata service behind a binding',
      shop({ origins: [{ ...origin, via: 'APP', url: 'http://169.254.169.254' }] }),
      'pools.shop.origins.0.url: wanted an address that is not link-local, reserved or a metadata service, found "http://169.254.169.254"',
    ],
    [
      'an id with a slash',
      shop({ origins: [{ ...origin, id: 'a/b' }] }),
      `pools.shop.origins.0.id: wanted an id: ${name}, found "a/b"`,
    ],
    [
      'a url without scheme',
      shop({ origins: [{ ...origin, url: 'a.example.net' }] }),
      `pools.shop.origins.0.url: wanted ${url}, found "a.example.net"`,
    ],
    [
      'a url of another scheme',
      shop({ origins: [{ ...origin, url: 'ftp://a.example.net' }] }),
      `pools.shop.origins.0.url: wanted ${url}, found "ftp://a.example.net"`,
    ],
    [
      'a url with a query',
      shop({ origins: [{ ...origin, url: 'https://a.example.net/?x=1' }] }),
      `pools.shop.origins.0.url: wanted ${url}, found "https://a.example.net/?x=1"`,
    ],
    [
      'a cap below zero',
      shop({ origins: [{ ...origin, maxConcurrent: -1 }] }),
      'pools.shop.origins.0.maxConcurrent: wanted a whole number from 0 to 100000, found -1',
    ],
    [
      'an ejection that is longer than the longest',
      shop({ passive: { ejectMs: 60_000, ejectMaxMs: 30_000 } }),
      'pools.shop.passive.ejectMaxMs: wanted at least ejectMs (60000), found 30000',
    ],
    [
      'shares of more than all',
      shop({
        passive: { sharePercent: 101 },
        panic: { thresholdPercent: 0.5 },
        attempts: { retryBudget: { percent: -1 } },
      }),
      'pools.shop.passive.sharePercent: wanted a whole number from 0 to 100, found 101',
      'pools.shop.panic.thresholdPercent: wanted a whole number from 0 to 100, found 0.5',
      'pools.shop.attempts.retryBudget.percent: wanted a whole number from 0 to 100, found -1',
    ],
    [
      'a hedge that is switched on by a word',
      shop({ attempts: { hedgeAfterMs: 'on' } }),
      'pools.shop.attempts.hedgeAfterMs: wanted a whole number of milliseconds from 0 to 60000, found "on"',
    ],
    [
      'a route that resends posts',
      routed({ match: '/*', pool: 'shop', resend: 'POST' }),
      'routes.0.resend: wanted "safe" or "any", found "POST"',
    ],
    [
      'a backup that does not exist',
      shop({ backup: 'shpo' }),
      'pools.shop.backup: wanted a known pool (did you mean "shop"?), found "shpo"',
    ],
    [
      'a backup of itself',
      shop({ backup: 'shop' }),
      'pools.shop.backup: wanted another pool, without a backup of its own, found "shop"',
    ],
    [
      'a backup for sessions that the application names',
      {
        pools: {
          shop: { origins: [origin], backup: 'spare' },
          spare: { origins: [other], affinity: [{ by: 'ip' }] },
        },
        routes: all,
      },
      'pools.shop.backup: wanted pools that know sessions by "cookie" alone (pool "spare" has another affinity), found "spare"',
    ],
    [
      'a weight as text',
      shop({ origins: [{ ...origin, weight: '2' }] }),
      'pools.shop.origins.0.weight: wanted a whole number from 0 to 1000, found "2"',
    ],
    [
      'a weight that is no number',
      shop({ origins: [{ ...origin, weight: Number.NaN }] }),
      'pools.shop.origins.0.weight: wanted a whole number from 0 to 1000, found NaN',
    ],
    [
      'no weight above 0',
      shop({ origins: [{ ...origin, weight: 0 }] }),
      'pools.shop.origins: wanted at least one origin with a weight above 0, found [0]',
    ],
    [
      'the same id twice',
      shop({ origins: [origin, { ...other, id: 'a' }] }),
      'pools.shop.origins.1.id: wanted an id of its own (origins.0 has this one), found "a"',
    ],
    [
      'the same url twice',
      shop({ origins: [origin, { id: 'b', url: 'HTTPS://A.example.net:443/' }] }),
      'pools.shop.origins.1.url: wanted a url of its own (origins.0 has this one), found "HTTPS://A.example.net:443/"',
    ],

    [
      'no affinity rule',
      shop({ affinity: [] }),
      'pools.shop.affinity: wanted a list of 1 to 16 rules, found []',
    ],
    [
      'an affinity that does not exist',
      shop({ affinity: [{ by: 'query:sid' }] }),
      `pools.shop.affinity.0.by: wanted ${affinityKey}, found "query:sid"`,
    ],
    [
      "a header that a client's request never keeps",
      shop({ affinity: [{ by: 'header:Limpet_Session' }] }),
      `pools.shop.affinity.0.by: wanted ${affinityKey}, found "header:Limpet_Session"`,
    ],
    [
      'cookie before another',
      shop({ affinity: [{ by: 'cookie' }, { by: 'ip' }] }),
      'pools.shop.affinity.0.by: wanted "cookie" as the last rule, because it always matches, found "cookie"',
    ],
    [
      'the same header twice',
      shop({ affinity: [{ by: 'header:x-id' }, { by: 'header:X-ID' }] }),
      'pools.shop.affinity.1.by: wanted a key that affinity.0 does not have already, found "header:X-ID"',
    ],
    [
      "Limpet's cookie as an application's",
      shop({ affinity: [{ by: 'cookie:__Host-limpet' }] }),
      'pools.shop.affinity.0.by: wanted an application\'s cookie ("cookie" alone is Limpet\'s own), found "cookie:__Host-limpet"',
    ],

    [
      'a session that is a list',
      shop({ session: [] }),
      'pools.shop.session: wanted an object with mode, durability, replicas, replicaRegions, jurisdiction, onHomeLost, onStoreFailure, store, idleMs, absoluteMs, holdMs, stateBytesMax, headerStateBytesMax, shards, region, generation, contract, found []',
    ],
    [
      'a session that is null',
      shop({ cookie: null }),
      'pools.shop.cookie: wanted an object with name, sameSite, secure, found null',
    ],
    [
      'quorum of one',
      shop({ session: { durability: 'quorum' } }),
      'pools.shop.session.durability: wanted "async" or "primary", as replicas is 0, found "quorum"',
    ],
    [
      'replicas of nothing',
      shop({ session: { mode: 'local', replicas: 1 } }),
      'pools.shop.session.replicas: wanted 0, as mode is "local", found 1',
    ],
    [
      'more regions than replicas',
      shop({ session: { replicas: 1, replicaRegions: ['weur', 'enam'] } }),
      'pools.shop.session.replicaRegions: wanted a list of at most 1 location hints, as replicas is 1, found ["weur","enam"]',
    ],
    [
      'a region that does not exist',
      shop({ session: { replicas: 1, replicaRegions: ['mars'] } }),
      'pools.shop.session.replicaRegions.0: wanted "wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr" or "me", found "mars"',
    ],
    [
      'local and restore',
      shop({ session: { mode: 'local', onHomeLost: 'restore' } }),
      'pools.shop.session.onHomeLost: wanted "empty", as mode is "local", found "restore"',
    ],
    [
      'replicated and external',
      shop({ session: { onHomeLost: 'external' } }),
      'pools.shop.session.onHomeLost: wanted "restore" or "empty", as mode is "replicated", found "external"',
    ],
    [
      'replicated without contract',
      shop({ session: { contract: false } }),
      'pools.shop.session.contract: wanted true, as mode is "replicated", found false',
    ],
    [
      'a store of its own for replicated states',
      shop({ session: { store: 'redis' } }),
      'pools.shop.session.store: wanted "limpet", as mode is "replicated", found "redis"',
    ],
    [
      'a store that origins without contract cannot reach',
      shop({ session: { mode: 'external', store: 'redis-http', contract: false } }),
      'pools.shop.session.contract: wanted true, as store is "redis-http", found false',
    ],
    [
      'a store that Limpet does not know',
      shop({ session: { mode: 'external', store: 'memcached' } }),
      'pools.shop.session.store: wanted "limpet", "redis" or "redis-http", found "memcached"',
    ],
    [
      'an idle limit in seconds',
      shop({ session: { idleMs: 1800 } }),
      'pools.shop.session.idleMs: wanted a whole number of milliseconds from 60000 to 2592000000, found 1800',
    ],
    [
      'an idle limit above the default absolute one',
      shop({ session: { idleMs: 86_400_000 } }),
      'pools.shop.session.absoluteMs: wanted at least idleMs (86400000), found 43200000',
    ],
    [
      'a region of one letter',
      shop({ session: { region: 'E' } }),
      'pools.shop.session.region: wanted two lower-case letters or digits, found "E"',
    ],

    [
      'a cookie name with prefix',
      shop({ cookie: { name: '__host-limpet' } }),
      `pools.shop.cookie.name: wanted ${cookieName}, found "__host-limpet"`,
    ],
    [
      'a cookie that browsers refuse',
      shop({ cookie: { sameSite: 'none', secure: false } }),
      'pools.shop.cookie.secure: wanted true, as sameSite is "none", found false',
    ],
    [
      'a health path without slash',
      shop({ health: { path: 'health' } }),
      'pools.shop.health.path: wanted a path that starts with "/", found "health"',
    ],
    [
      'a probe longer than its interval',
      shop({ health: { intervalMs: 1000 } }),
      'pools.shop.health.timeoutMs: wanted at most intervalMs (1000), found 2000',
    ],
    [
      'a status that does not exist',
      shop({ health: { expect: [200, 2000] } }),
      `pools.shop.health.expect.1: wanted ${status}, found 2000`,
    ],
    [
      'ranges of statuses that are none',
      shop({ health: { expect: ['2xx', '1xx', '299-200', '20'] } }),
      `pools.shop.health.expect.1: wanted ${status}, found "1xx"`,
      `pools.shop.health.expect.2: wanted ${status}, found "299-200"`,
      `pools.shop.health.expect.3: wanted ${status}, found "20"`,
    ],
    [
      'a doubt that comes later than the interval',
      shop({ health: { intervalMs: 2000, doubtIntervalMs: 3000 } }),
      'pools.shop.health.doubtIntervalMs: wanted at most intervalMs (2000), found 3000',
    ],
    [
      'a probe header that is not ours to set',
      shop({ health: { headers: { Host: 'shop.example.com' } } }),
      `pools.shop.health.headers: wanted ${probeHeaders}, found {"Host":"shop.example.com"}`,
    ],
    [
      'a probe host with a port',
      shop({ health: { host: 'shop.example.com:8080' } }),
      'pools.shop.health.host: wanted a host name in lower case, without a port, found "shop.example.com:8080"',
    ],
    [
      'a body pattern that is none',
      shop({ health: { body: '/(/' } }),
      'pools.shop.health.body: wanted a text that the body must have, or a pattern such as "/ok|ready/i", found "/(/"',
    ],
    [
      'the body of an answer to HEAD',
      shop({ health: { method: 'HEAD', body: 'ok' } }),
      'pools.shop.health.body: wanted nothing, as an answer to HEAD has no body, found "ok"',
    ],
    [
      'a jitter that is none',
      shop({ health: { jitter: 1 } }),
      'pools.shop.health.jitter: wanted a number from 0 to 0.5, found 1',
    ],
    [
      'a vantage that Cloudflare does not know',
      shop({ health: { vantages: ['weur', 'paris'] } }),
      'pools.shop.health.vantages.1: wanted "wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr" or "me", found "paris"',
    ],
    [
      'a registration of every id, from nowhere',
      shop({ registration: { ids: '*', hosts: [] } }),
      'pools.shop.registration.ids: wanted an id, or the beginning of ids and "*", such as "web-*", found "*"',
      'pools.shop.registration.hosts: wanted a list of 1 to 100 hosts, found []',
    ],
    [
      'a registration from a network that is none',
      shop({ registration: { ids: 'web-*', hosts: ['10.0.0.0/33'], leaseMs: 10 } }),
      'pools.shop.registration.hosts.0: wanted a host name, "*." and a name, or an IPv4 address or network such as "10.0.0.0/8", found "10.0.0.0/33"',
      'pools.shop.registration.leaseMs: wanted a whole number of milliseconds from 5000 to 600000, found 10',
    ],
    [
      'plain connections in production',
      shop({ health: { type: 'tcp' } }),
      'pools.shop.health.type: wanted "http" ("tcp" is for self-hosted use: Cloudflare refuses connections to its own addresses), found "tcp"',
    ],
    [
      'a connection tried before each POST in production',
      shop({ attempts: { connectCheckMs: 200 } }),
      'pools.shop.attempts.connectCheckMs: wanted 0 (it is for self-hosted use: Cloudflare refuses connections to its own addresses), found 200',
    ],
    [
      'a connection that is switched on by a word',
      shop({ attempts: { connectCheckMs: 'soon' } }),
      'pools.shop.attempts.connectCheckMs: wanted a whole number of milliseconds from 0 to 10000, found "soon"',
    ],
    [
      'a drain without time',
      shop({ drain: { deadlineMs: 0 }, health: { drainOn404: 'yes' } }),
      'pools.shop.health.drainOn404: wanted true or false, found "yes"',
      'pools.shop.drain.deadlineMs: wanted a whole number of milliseconds from 1000 to 604800000, found 0',
    ],
    [
      'failover on 500',
      shop({ attempts: { failoverOn: [500] } }),
      'pools.shop.attempts.failoverOn.0: wanted 502, 503 or 504, found 500',
    ],
    [
      'a deadline below one attempt',
      shop({ attempts: { deadlineMs: 1000 } }),
      'pools.shop.attempts.deadlineMs: wanted at least headersMs (30000), found 1000',
    ],
    [
      'a fallback path with a star inside',
      shop({ fallback: { paths: ['/a/*/b'] } }),
      'pools.shop.fallback.paths.0: wanted a path that starts with "/", with "*" only at its end, found "/a/*/b"',
    ],

    [
      'a match without path',
      routed(to('shop.example.com')),
      `routes.0.match: wanted ${match}, found "shop.example.com"`,
    ],
    [
      'a match with a port',
      routed(to('shop.example.com:8080/*')),
      `routes.0.match: wanted ${match}, found "shop.example.com:8080/*"`,
    ],
    [
      'a match with a scheme',
      routed(to('https://shop.example.com/*')),
      `routes.0.match: wanted ${match}, found "https://shop.example.com/*"`,
    ],
    [
      'a star in the middle of a host',
      routed(to('a.*.example.com/*')),
      `routes.0.match: wanted ${match}, found "a.*.example.com/*"`,
    ],
    [
      'the same route twice',
      routed(to('/*'), to('/*')),
      'routes.1.match: wanted a match that routes.0 ("/*") does not cover, found "/*"',
    ],
    [
      'a shadowed route',
      routed(to('*.example.com/a*'), to('x.example.com/abc/*')),
      'routes.1.match: wanted a match that routes.0 ("*.example.com/a*") does not cover, found "x.example.com/abc/*"',
    ],
    [
      'a pool without a route',
      { pools: { shop: { origins: [origin] }, api: { origins: [other] } }, routes: all },
      'pools.api: wanted a route to this pool, found nothing',
    ],
    [
      'a route to nowhere',
      routed(to('/*'), { match: 'a.example.com/*', pool: 'x' }),
      'routes.1.match: wanted a match that routes.0 ("/*") does not cover, found "a.example.com/*"',
      'routes.1.pool: wanted one of the pools shop, found "x"',
    ],
  ])('[CF3] %s', (_what, input, ...expected) => {
    expect(sentences(input)).toEqual(expected);
  });

  it.each<[what: string, input: unknown, ...sentences: string[]]>([
    [
      'at the top',
      { ...shop({}), route: [] },
      'route: wanted a known field (did you mean "routes"?), found "route"',
    ],
    [
      'in a pool',
      shop({ healt: {} }),
      'pools.shop.healt: wanted a known field (did you mean "health"?), found "healt"',
    ],
    [
      'in an origin',
      shop({ origins: [{ ...origin, wieght: 2 }] }),
      'pools.shop.origins.0.wieght: wanted a known field (did you mean "weight"?), found "wieght"',
    ],
    [
      'two in one block',
      shop({ cookie: { samesite: 'lax', domain: 'x' } }),
      'pools.shop.cookie.samesite: wanted a known field (did you mean "sameSite"?), found "samesite"',
      'pools.shop.cookie.domain: wanted one of the fields name, sameSite, secure, found "domain"',
    ],
    [
      'named as every object has it',
      shop({ cookie: { toString: 'x' } }),
      'pools.shop.cookie.toString: wanted one of the fields name, sameSite, secure, found "toString"',
    ],
  ])('[CF4] a field that does not exist, %s', (_where, input, ...expected) => {
    expect(sentences(input)).toEqual(expected);
  });

  it('[CF5] all problems come at once, and one mistake hides no other', () => {
    const input = {
      pools: {
        shop: {
          orgins: [],
          origins: [
            { id: 'a', url: 'http://169.254.169.254', weight: 1.5 },
            { id: 'b', url: 'x', weight: -1 },
          ],
          session: { mode: 'local', onHomeLost: 'restore' },
        },
        api: { origins: [other], health: { intervalMs: 500 } },
      },
      routes: [
        { match: '/*', pool: 'shp' },
        { match: '/api/*', pool: 'api' },
      ],
      debug: 'on',
    };
    expect(sentences(input)).toEqual([
      'pools.shop.origins.0.weight: wanted a whole number from 0 to 1000, found 1.5',
      `pools.shop.origins.1.url: wanted ${url}, found "x"`,
      'pools.shop.origins.1.weight: wanted a whole number from 0 to 1000, found -1',
      'pools.shop.session.onHomeLost: wanted "empty", as mode is "local", found "restore"',
      'pools.shop.orgins: wanted a known field (did you mean "origins"?), found "orgins"',
      'pools.api.health.timeoutMs: wanted at most intervalMs (500), found 2000',
      'routes.1.match: wanted a match that routes.0 ("/*") does not cover, found "/api/*"',
      'debug: wanted "off", "token" or "always", found "on"',
      'pools.shop.origins.0.url: wanted an address that is not link-local, reserved or a metadata service, found "http://169.254.169.254"',
      'routes.0.pool: wanted a known pool (did you mean "shop"?), found "shp"',
      'pools.shop: wanted a route to this pool, found nothing',
    ]);
  });

  it('[CF12] two pools on one host cannot be given the same cookie name', () => {
    const pools = {
      shop: { origins: [origin], cookie: { name: 'home' } },
      api: { origins: [other], cookie: { name: 'home' } },
    };
    const routes = [
      { match: '*.example.com/api/*', pool: 'api' },
      { match: 'www.example.com/*', pool: 'shop' },
    ];
    expect(sentences({ pools, routes })).toEqual([
      'pools.api.cookie.name: wanted a name of its own (pool "shop" on the same host has this one), found "home"',
    ]);
    const apart = [
      { match: 'api.example.com/*', pool: 'api' },
      { match: 'www.example.com/*', pool: 'shop' },
    ];
    expect(sentences({ pools, routes: apart })).toEqual([]);
  });
});

describe('what is printed of a found value', () => {
  const found = (weight: unknown) =>
    sentences(shop({ origins: [{ ...origin, weight }] }))[0]?.split(', found ')[1];

  it('[CF7] is cut at 60 characters', () => {
    expect(found('x'.repeat(500))).toBe(`"${'x'.repeat(58)}…`);
  });

  it.each([
    ['http://user:secret@a.example.net', '"http://…@a.example.net"'],
    ['https:/\\user:se/c?r#et@a.example.net', '"https:/\\\\…@a.example.net"'],
    ['user:secret@a.example.net', '"…@a.example.net"'],
    [{ deep: ['postgres://user:secret@db'] }, '{"deep":["…@db"]}'],
    ['https://a.example.net/@file', '"https://a.example.net/@file"'],
  ])('[CF7] has no credentials: %j', (value, expected) => {
    expect(found(value)).toBe(expected);
  });

  it('[CF7] is printed even when it is no JSON', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect([circle, 1n, () => 1, Symbol('s'), Number.POSITIVE_INFINITY].map(found)).toEqual([
      'an object that is not JSON',
      'a bigint that is not JSON',
      'a function',
      'Symbol(s)',
      'Infinity',
    ]);
  });
});
