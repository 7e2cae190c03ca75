import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../worker/config/parse.ts';
import { requestUrl, route } from '../../../worker/steps/route.ts';

const pool = (id: string) => ({ origins: [{ id, url: `http://${id}.internal` }] });
const config = loadConfig(
  {
    pools: {
      api: pool('api'),
      health: pool('health'),
      shop: pool('shop'),
      tenants: pool('tenants'),
      rest: pool('rest'),
    },
    routes: [
      { match: 'shop.example.com/api/*', pool: 'api' },
      { match: 'shop.example.com/health', pool: 'health' },
      { match: 'shop.example.com/*', pool: 'shop' },
      { match: '*.tenants.example.com/*', pool: 'tenants' },
      { match: '/open/*', pool: 'rest' },
    ],
  },
  { production: false },
);

describe('a route', () => {
  it.each([
    ['https://shop.example.com/api/cart', 'api'],
    ['https://shop.example.com/api/', 'api'],
    ['https://shop.example.com/api', 'shop'],
    ['https://shop.example.com/apis', 'shop'],
    ['https://shop.example.com/health', 'health'],
    ['https://shop.example.com/health?deep=1', 'health'],
    ['https://shop.example.com/health/x', 'shop'],
    ['https://shop.example.com/?x=/api/', 'shop'],
    ['http://shop.example.com:8787/', 'shop'],
    ['https://a.tenants.example.com/', 'tenants'],
    ['https://a.b.tenants.example.com/', 'tenants'],
    ['https://tenants.example.com/', undefined],
    ['https://eviltenants.example.com/', undefined],
    ['http://[::1]:8787/open/', 'rest'],
    ['https://anything.example.net/open/', 'rest'],
    ['https://anything.example.net/', undefined],
  ])('[GT5] of %s leads to pool %s', (url, name) => {
    expect(route(requestUrl(new URL(url).href), config)).toBe(name);
  });

  it('[GT6] is read from the url in three slices, with the target as it came', () => {
    expect(requestUrl('https://shop.example.com:8443/a//b?c=/d?e#f')).toEqual({
      scheme: 'https',
      host: 'shop.example.com:8443',
      target: '/a//b?c=/d?e#f',
    });
  });
});
