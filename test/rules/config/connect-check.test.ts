import { expect, it } from 'vitest';
import { parseConfig } from '../../../worker/config/parse.ts';

it('[CT4] a connection tried first is for self-hosted use, and 0 is always right', () => {
  const said = (connectCheckMs: number, production: boolean) => {
    const shop = { origins: [{ id: 'a', url: 'https://a.example.com' }], attempts: { connectCheckMs } };
    const config = { pools: { shop }, routes: [{ match: '/*', pool: 'shop' }] };
    return parseConfig(config, { production }).ok;
  };
  expect([said(200, false), said(200, true), said(0, true)]).toEqual([true, false, true]);
});
