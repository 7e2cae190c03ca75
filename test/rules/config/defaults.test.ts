import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../worker/config/config.ts';
import { defineConfig } from '../../../worker/config/define-config.ts';
import type { ConfigInput } from '../../../worker/config/input.ts';
import { ConfigError, loadConfig, parseConfig } from '../../../worker/config/parse.ts';

const shop = defineConfig({
  pools: {
    shop: {
      origins: [
        { id: 'a', url: 'http://127.0.0.1:9001' },
        { id: 'b', url: 'http://127.0.0.1:9002', weight: 2 },
      ],
      affinity: [{ by: 'cookie' }],
      session: { mode: 'replicated', durability: 'primary', onHomeLost: 'restore' },
      health: { path: '/health', intervalMs: 5000, timeoutMs: 2000, fall: 2, rise: 2 },
    },
  },
  routes: [{ match: '/*', pool: 'shop' }],
});

const probedPlainly = {
  drainOn404: false,
  type: 'http',
  path: '/',
  method: 'GET',
  headers: {},
  host: '',
  port: 0,
  intervalMs: 5000,
  doubtIntervalMs: 1000,
  timeoutMs: 2000,
  fall: 2,
  rise: 2,
  expect: [],
  body: { kind: 'any' },
  redirects: 'answer',
  jitter: 0.1,
  vantages: [],
};

const resolvedShop = {
  pools: {
    shop: {
      name: 'shop',
      origins: [
        {
          id: 'a',
          url: 'http://127.0.0.1:9001',
          host: '127.0.0.1:9001',
          via: '',
          weight: 1,
          maxConcurrent: 0,
        },
        {
          id: 'b',
          url: 'http://127.0.0.1:9002',
          host: '127.0.0.1:9002',
          via: '',
          weight: 2,
          maxConcurrent: 0,
        },
      ],
      affinity: [{ by: 'cookie' }],
      session: {
        mode: 'replicated',
        durability: 'primary',
        replicas: 0,
        replicaRegions: [],
        jurisdiction: '',
        onHomeLost: 'restore',
        onStoreFailure: 'refuse',
        idleMs: 1_800_000,
        absoluteMs: 43_200_000,
        store: 'limpet',
        holdMs: 3000,
        stateBytesMax: 8_388_608,
        headerStateBytesMax: 3072,
        shards: 16,
        region: 'xx',
        generation: 0,
        contract: true,
      },
      cookie: { name: 'limpet', sameSite: 'lax', secure: true },
      health: { ...probedPlainly, path: '/health' },
      drain: { deadlineMs: 1_800_000 },
      attempts: {
        doubtAfterMs: 300,
        doubtTimeoutMs: 400,
        hang: 'probe',
        headersMs: 30_000,
        deadlineMs: 60_000,
        bodyBytesMax: 65_536,
        failoverOn: [],
        max: 3,
        retryBudget: { percent: 20, min: 3 },
        hedgeAfterMs: 0,
        connectCheckMs: 0,
      },
      passive: {
        failures: 5,
        sharePercent: 50,
        minRequests: 20,
        ejectMs: 30_000,
        ejectMaxMs: 300_000,
        slowFactor: 3,
        slowStartMs: 30_000,
        queueMs: 1000,
      },
      panic: { thresholdPercent: 50, minimumOrigins: 1 },
      backup: '',
      host: 'origin',
      rewriteHost: true,
      registration: 'off',
      fallback: { paths: [], bodyBytesMax: 1_048_576, replicaAfterMs: 1000, retryAfterS: 5 },
    },
  },
  routes: [{ host: { kind: 'any' }, path: { kind: 'prefix', path: '/' }, pool: 'shop', resend: 'safe' }],
  debug: 'off',
  forwarded: 'replace',
  clientAddress: { header: 'cf-connecting-ip' },
  allowPrivate: false,
};

type Complete<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T as K extends 'backup' ? never : K]-?: Complete<Exclude<T[K], undefined>> }
    : T;

// Typed so that a field that exists in the input type and not here does not compile.
const everyField: Complete<ConfigInput> = {
  pools: {
    app: {
      origins: [
        {
          id: 'A.1',
          url: 'HTTPS://Origin.Example.NET:443/base/',
          via: 'APP_A',
          weight: 0,
          maxConcurrent: 100_000,
        },
        { id: 'b', url: 'http://10.1.2.3' },
      ],
      affinity: [
        { by: 'cookie:JSESSIONID' },
        { by: 'header:Mcp-Session-Id' },
        { by: 'ip' },
        { by: 'cookie' },
      ],
      session: {
        mode: 'local',
        durability: 'async',
        replicas: 0,
        replicaRegions: [],
        jurisdiction: 'eu',
        onHomeLost: 'empty',
        onStoreFailure: 'serve',
        idleMs: 60_000,
        absoluteMs: 60_000,
        store: 'limpet',
        holdMs: 0,
        stateBytesMax: 1024,
        headerStateBytesMax: 0,
        shards: 1,
        region: 'e1',
        generation: 1295,
        contract: true,
      },
      cookie: { name: 'home', sameSite: 'strict', secure: false },
      health: {
        type: 'tcp',
        path: '/up?deep=1',
        method: 'POST',
        headers: { authorization: 'Bearer probe' },
        host: 'shop.example.com',
        port: 9000,
        intervalMs: 500,
        doubtIntervalMs: 100,
        timeoutMs: 50,
        fall: 1,
        rise: 10,
        expect: [200, '3xx', '404-410'],
        body: '/ready|ok/i',
        redirects: 'follow',
        jitter: 0.5,
        vantages: ['weur', 'weur', 'enam'],
        drainOn404: true,
      },
      drain: { deadlineMs: 1_000 },
      attempts: {
        doubtAfterMs: 10,
        doubtTimeoutMs: 10,
        hang: 'patient',
        headersMs: 100,
        deadlineMs: 100,
        bodyBytesMax: 0,
        failoverOn: [502, 503],
        max: 1,
        retryBudget: { percent: 0, min: 0 },
        hedgeAfterMs: 60_000,
        connectCheckMs: 10_000,
      },
      passive: {
        failures: 0,
        sharePercent: 0,
        minRequests: 1,
        ejectMs: 1000,
        ejectMaxMs: 1000,
        slowFactor: 0,
        slowStartMs: 0,
        queueMs: 0,
      },
      panic: { thresholdPercent: 0, minimumOrigins: 0 },
      host: 'preserve',
      rewriteHost: false,
      registration: { ids: 'web-*', hosts: ['10.0.0.0/8', '*.example.net'], leaseMs: 5000, max: 1 },
      fallback: { paths: ['/docs/*', '/käse'], bodyBytesMax: 0, replicaAfterMs: 50, retryAfterS: 1 },
    },
  },
  routes: [
    { match: 'Shop.Example.com/cart', pool: 'app', resend: 'any' },
    { match: '*.bücher.example/app/*', pool: 'app' },
  ],
  debug: 'token',
  forwarded: 'append',
  clientAddress: { header: 'X-Real-IP' },
  allowPrivate: true,
};

const pool = (more: object = {}) => ({ origins: [{ id: 'a', url: 'https://a.example.net' }], ...more });
const session = (written: object) =>
  loadConfig({ pools: { shop: pool({ session: written }) }, routes: shop.routes }, { production: false })
    .pools['shop']?.session;

describe('a good configuration', () => {
  it('[CF2] becomes complete: the example with its defaults', () => {
    expect(parseConfig(shop, { production: false })).toStrictEqual({ ok: true, config: resolvedShop });
  });

  it('[CF2] the least that can be written becomes complete as well', () => {
    const least = loadConfig(
      { pools: { shop: { origins: shop.pools['shop']?.origins } }, routes: shop.routes },
      { production: false },
    );
    const { health, ...rest } = least.pools['shop'] ?? {};
    const { health: _probed, ...expected } = resolvedShop.pools.shop;
    expect(rest).toStrictEqual(expected);
    expect(health).toStrictEqual(probedPlainly);
  });

  it('[CF2] every field that is written is kept', () => {
    const config = loadConfig(everyField, { production: false });
    const written = everyField.pools['app'];
    expect(config.pools['app']).toStrictEqual({
      ...written,
      name: 'app',
      backup: '',
      origins: [
        {
          id: 'A.1',
          url: 'https://origin.example.net/base',
          host: 'origin.example.net',
          via: 'APP_A',
          weight: 0,
          maxConcurrent: 100_000,
        },
        { id: 'b', url: 'http://10.1.2.3', host: '10.1.2.3', via: '', weight: 1, maxConcurrent: 0 },
      ],
      affinity: [
        { by: 'application-cookie', name: 'JSESSIONID' },
        { by: 'header', name: 'mcp-session-id' },
        { by: 'ip' },
        { by: 'cookie' },
      ],
      health: {
        ...written?.health,
        expect: [
          { from: 200, to: 200 },
          { from: 300, to: 399 },
          { from: 404, to: 410 },
        ],
        body: { kind: 'pattern', source: 'ready|ok', flags: 'i' },
      },
      fallback: {
        paths: [
          { kind: 'prefix', path: '/docs/' },
          { kind: 'exact', path: '/k%C3%A4se' },
        ],
        bodyBytesMax: 0,
        replicaAfterMs: 50,
        retryAfterS: 1,
      },
    });
    expect(config).toMatchObject({
      debug: 'token',
      forwarded: 'append',
      clientAddress: { header: 'x-real-ip' },
      allowPrivate: true,
    });
  });

  it('[CF2] what a session gets whose home is lost, and the contract, follow the mode', () => {
    expect(session({ mode: 'local' })).toMatchObject({ onHomeLost: 'empty', contract: false });
    expect(session({ mode: 'replicated' })).toMatchObject({ onHomeLost: 'restore', contract: true });
    expect(session({ mode: 'external' })).toMatchObject({ onHomeLost: 'external', contract: true });
  });

  it('[CF16] a pool may have a backup, which needs no route and gets a cookie of its own', () => {
    const pools = { shop: pool({ backup: 'spare' }), spare: pool() };
    const config = loadConfig({ pools, routes: shop.routes }, { production: false });
    expect([config.pools['shop']?.backup, config.pools['spare']?.backup]).toEqual(['spare', '']);
    expect(Object.values(config.pools).map((each) => each.cookie.name)).toEqual(['limpet', 'limpet-spare']);
  });

  it('[CF8] a match is read into a host and a path as the url parser writes them', () => {
    expect(loadConfig(everyField, { production: false }).routes).toStrictEqual([
      {
        host: { kind: 'exact', host: 'shop.example.com' },
        path: { kind: 'exact', path: '/cart' },
        pool: 'app',
        resend: 'any',
      },
      {
        host: { kind: 'suffix', suffix: '.xn--bcher-kva.example' },
        path: { kind: 'prefix', path: '/app/' },
        pool: 'app',
        resend: 'safe',
      },
    ]);
  });

  it('[CF8] a narrow route may stand before the wide one that covers it', () => {
    const routes = ['a.example.com/x', 'a.example.com/*', '*.example.com/*', '/x', '/*'].map((match) => ({
      match,
      pool: 'shop',
    }));
    expect(parseConfig({ pools: { shop: pool() }, routes }, { production: false }).ok).toBe(true);
  });

  it('[CF12] of two pools on one host the first keeps the cookie name, the other gets its own', () => {
    const pools = { shop: pool(), api: pool(), blog: pool() };
    const routes = [
      { match: 'example.com/api/*', pool: 'api' },
      { match: 'blog.example.com/*', pool: 'blog' },
      { match: 'example.com/*', pool: 'shop' },
    ];
    const config = loadConfig({ pools, routes }, { production: false });
    const names = (config: Config) => Object.values(config.pools).map((each) => each.cookie.name);
    expect(names(config)).toEqual(['limpet', 'limpet-api', 'limpet']);
    const named = { ...pools, shop: pool({ cookie: { name: 'home' } }) };
    expect(names(loadConfig({ pools: named, routes }, { production: false }))).toEqual([
      'home',
      'limpet',
      'limpet',
    ]);
  });
});

describe('loading', () => {
  it('[CF1] loadConfig throws all problems in one message', () => {
    const load = () =>
      loadConfig(
        { pools: { shop: pool({ host: 'public' }) }, routes: [{ match: '/*', pool: 'shap' }] },
        { production: false },
      );
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(
      [
        'Cannot use this configuration: 3 problems',
        '  pools.shop.host: wanted "preserve" or "origin", found "public"',
        '  routes.0.pool: wanted a known pool (did you mean "shop"?), found "shap"',
        '  pools.shop: wanted a route to this pool, found nothing',
      ].join('\n'),
    );
  });

  it('[CF15] defineConfig returns what it was given', () => {
    expect(defineConfig(shop)).toBe(shop);
  });

  it('[CF15] defineConfig imports nothing but types, so that any Node loads it', () => {
    const source = readFileSync(new URL('../../../worker/config/define-config.ts', import.meta.url), 'utf8');
    const code = source.replace(/\/\*[^]*?\*\//g, '');
    expect(code.match(/\b(import|from)\b.*/g)).toEqual([
      "import type { ConfigInput } from './input.ts';",
      "from './input.ts';",
    ]);
    expect(code).toContain('export type {');
  });

  it('[CF3] what docs/configuration.md says is printed is printed', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const [, json = '', printed = ''] = /```json\n([^]*?)```[^]*?```text\n([^]*?)\n```/.exec(page) ?? [];
    expect(printed).toContain('7 problems');
    expect(() => loadConfig(JSON.parse(json), { production: false })).toThrow(printed);
  });
});
