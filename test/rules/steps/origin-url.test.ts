import { describe, expect, it } from 'vitest';
import { originUrl } from '../../../worker/steps/origin-url.ts';
import { createWorld, type WorldOptions } from '../visit.ts';

async function urlOf(options: WorldOptions, runtime: 'cloudflare' | 'local') {
  const world = await createWorld(options);
  const visit = await world.visit({ path: '/cart?item=1' });
  const [origin] = visit.pool.config.origins;
  if (origin === undefined) throw new Error('Cannot build the url of no origin');
  return originUrl({ ...visit, edge: { ...visit.edge, runtime } }, origin);
}
const origins = [{ id: 'a', url: 'https://a.example.com:8443/app' }];

describe('the host that an origin sees', () => {
  it('[FH13] is its own, unless the operator wants the public one preserved', async () => {
    expect(await urlOf({ pool: { origins } }, 'cloudflare')).toEqual({
      url: 'https://a.example.com:8443/app/cart?item=1',
    });
    expect(await urlOf({ pool: { origins, host: 'preserve' } }, 'cloudflare')).toEqual({
      url: 'https://shop.example.com:8443/app/cart?item=1',
      cf: { resolveOverride: 'a.example.com' },
    });
  });

  it('[FH13] is its own under the local runtime, which cannot look a host up under another name', async () => {
    expect(await urlOf({ pool: { origins, host: 'preserve' } }, 'local')).toEqual({
      url: 'https://a.example.com:8443/app/cart?item=1',
    });
  });
});
