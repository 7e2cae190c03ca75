import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compatibilityDate, configModule, workerOptions } from '../../../cli/dev-worker.ts';

const wrangler = readFileSync(new URL('../../../wrangler.toml', import.meta.url), 'utf8');

describe('the local Worker', () => {
  it('[CL12] runs on the date and the flags that are deployed', () => {
    expect(/^compatibility_date = "(.*)"/m.exec(wrangler)?.[1]).toBe(compatibilityDate);
    expect(wrangler).not.toContain('compatibility_flags');
  });

  it('[CL12] has every binding that is deployed', () => {
    const { config } = workerOptions({ code: '', config: '', vars: {}, port: 1 });
    const deployed = [...wrangler.matchAll(/^(?:name|binding) = "([A-Z_]+)"/gm)].map(([, name]) => name);
    expect(deployed).toHaveLength(6);
    expect(Object.keys(config.env ?? {}).sort()).toEqual(deployed.sort());
  });

  it.each([
    [{ pools: {} }, { pools: {}, debug: 'always' }],
    [{ pools: {}, debug: 'off' }, { debug: 'off' }],
  ])('[CL12] says all to its operator unless the configuration decides: %j', async (input, runs) => {
    const module = await import(`data:text/javascript,${encodeURIComponent(configModule(input))}`);
    expect(module.default).toEqual({ pools: {}, ...runs });
  });

  it.each([
    [{}, { cookie: { secure: false } }],
    [{ cookie: { name: 'x' } }, { cookie: { secure: false, name: 'x' } }],
    [{ cookie: { secure: true } }, { cookie: { secure: true } }],
    [{ cookie: { sameSite: 'none' } }, { cookie: { sameSite: 'none' } }],
  ])(
    '[CL16] serves plain http, so its cookies are not Secure unless the configuration wants it: %j',
    async (pool, runs) => {
      const module = await import(
        `data:text/javascript,${encodeURIComponent(configModule({ pools: { shop: pool } }))}`
      );
      expect(module.default.pools.shop).toEqual(runs);
    },
  );
});
