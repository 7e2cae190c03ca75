import { describe, expect, it } from 'vitest';
import { bindingNames, bindingProblems } from '../../../worker/config/bindings.ts';
import type { OriginInput } from '../../../worker/config/input.ts';
import { loadConfig, parseConfig } from '../../../worker/config/parse.ts';
import { sentence } from '../../../worker/config/problems.ts';

const input = (...origins: OriginInput[]) => ({
  pools: { shop: { origins } },
  routes: [{ match: 'shop.example.com/*', pool: 'shop' }],
});
const load = (...origins: OriginInput[]) => loadConfig(input(...origins), { production: true });

describe('an origin behind a binding', () => {
  it.each(['http://10.0.0.7', 'http://127.0.0.1:9001', 'https://shop.example.com', 'http://198.51.100.7'])(
    '[VI5] may have any url (%s): where it lies is the binding’s matter',
    (url) => {
      expect(parseConfig(input({ id: 'a', url }), { production: true }).ok).toBe(false);
      expect(parseConfig(input({ id: 'a', url, via: 'APP' }), { production: true }).ok).toBe(true);
    },
  );

  it('[VI5] may share its url with one behind another binding', () => {
    const url = 'http://app.internal';
    expect(
      bindingNames(load({ id: 'a', url, via: 'A' }, { id: 'b', url, via: 'B' }, { id: 'c', url })),
    ).toEqual(['A', 'B']);
  });

  it('[VI3] that the deployment does not bind is a problem that names wrangler.toml', () => {
    const config = load(
      { id: 'a', url: 'http://a.internal' },
      { id: 'b', url: 'http://b.internal', via: 'APP_B' },
      { id: 'c', url: 'http://c.internal', via: 'APP_C' },
    );
    expect(bindingProblems(config, () => true)).toEqual([]);
    expect(bindingProblems(config, (name) => name === 'APP_C').map(sentence)).toEqual([
      'pools.shop.origins.1.via: wanted a binding of this name in wrangler.toml that can fetch ([[services]], [[vpc_services]], [[mtls_certificates]]), found "APP_B"',
    ]);
  });
});
