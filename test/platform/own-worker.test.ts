import { expect, it } from 'vitest';
import { type ConfigInput, limpet } from '../../worker/package.ts';

it('[DP4] a Worker of one’s own with a bad configuration does not start, and is told everything', () => {
  const bad: ConfigInput = {
    pools: { shop: { origins: [{ id: 'a', url: 'https://a.example.com', weight: -1 }] } },
    routes: [{ match: '/*', pool: 'shpo' }],
  };
  expect(() => limpet(bad)).toThrow(/3 problems[^]*origins\.0\.weight: wanted[^]*routes\.0\.pool: wanted/);
});
