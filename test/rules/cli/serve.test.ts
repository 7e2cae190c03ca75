import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { networkOf, storeNetworkOf } from '../../../cli/serve/network.ts';
import { forOneMachine } from '../../../cli/serve/one-machine.ts';
import { workerdConfig } from '../../../cli/serve/workerd-config.ts';
import { parseConfig } from '../../../worker/config/parse.ts';

function networkFor(url: string, allowPrivate: boolean): string[] {
  const pools = { shop: { origins: [{ id: 'a', url }], session: { mode: 'local' } } };
  const parsed = parseConfig(
    { pools, routes: [{ match: '/*', pool: 'shop' }], allowPrivate },
    { production: false },
  );
  if (!parsed.ok) throw new Error(`${url} is refused`);
  return networkOf(parsed.config);
}

it('[SV13] the workerd of limpet serve is the one that miniflare, and so wrangler, runs', () => {
  const ours = createRequire(import.meta.url);
  expect(ours.resolve('workerd')).toBe(createRequire(ours.resolve('miniflare')).resolve('workerd'));
});

describe('a configuration on one machine', () => {
  it('[SV12] has one shard per pool, unless it names a number', () => {
    const said = (session?: object) =>
      forOneMachine({ debug: 'off', pools: { shop: { ...(session && { session }) } } });
    expect(said()).toEqual({ debug: 'off', pools: { shop: { session: { shards: 1 } } } });
    expect(said({ mode: 'local' })).toMatchObject({
      pools: { shop: { session: { mode: 'local', shards: 1 } } },
    });
    expect(said({ shards: 4 })).toMatchObject({ pools: { shop: { session: { shards: 4 } } } });
    expect(forOneMachine(undefined)).toBeUndefined();
  });
});

describe('what a self-hosted Worker may connect to', () => {
  it.each([
    ['redis://10.0.0.9', ['10.0.0.9/32']],
    ['rediss://[fd00::9]:6380', ['fd00::9/128']],
    ['redis://localhost', ['local']],
    ['redis://cache.example.com', []],
  ])('[RD42] and a store at %s wherever that is written out', (url, network) => {
    const shop = {
      origins: [{ id: 'a', url: 'https://app.example.com' }],
      session: { mode: 'external', store: 'redis' },
    };
    const parsed = parseConfig(
      { pools: { shop }, routes: [{ match: '/*', pool: 'shop' }] },
      { production: false },
    );
    expect(parsed.ok && storeNetworkOf(parsed.config, { REDIS_URL: url })).toEqual(network);
  });

  it('[SV11] is the public network, with loopback where an origin is there, or with private ones on the operator’s word', () => {
    expect(networkFor('https://app.example.com', false)).toEqual(['public']);
    expect(networkFor('http://localhost:9001', false)).toEqual(['public', 'local']);
    expect(networkFor('http://10.0.0.7', true)).toEqual(['public', 'private']);
  });

  it('[SV11] is never a metadata service, and a path with quotes stays one text', () => {
    const text = workerdConfig({
      host: '::1',
      port: 80,
      vars: ['COOKIE_KEYS'],
      version: { id: '', timestamp: '' },
      dataFolder: '/var/"lib"\\limpet',
      network: ['public', 'private'],
      front: 'none',
    });
    expect(text).toContain('allow = ["public", "private"], deny = ["169.254.0.0/16"');
    expect(text).toContain('path = "/var/\\"lib\\"\\\\limpet"');
    expect(text).toContain('address = "[::1]:80"');
  });
});
