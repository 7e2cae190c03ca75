import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import { limpet, type LimpetEnv } from '../../worker/limpet.ts';
import { originId, poolName } from '../../worker/core/ids.ts';
import { plainProbing } from '../../worker/core/probing.ts';
import { reachThrough } from '../../worker/stores/reach.ts';
import { eventually } from './eventually.ts';

vi.setConfig({ testTimeout: 20_000 });

const context = { waitUntil: () => undefined };
const config = (via: string) => ({
  pools: {
    shop: {
      origins: [{ id: 'a', url: 'http://app.nowhere.internal/base', via }],
      session: { mode: 'local' as const },
    },
  },
  routes: [{ match: '/*', pool: 'shop' }],
});
const serve = (via: string) =>
  limpet(config(via)).fetch(new Request('https://shop.example.com/cart'), env as LimpetEnv, context);

describe('an origin behind a binding', () => {
  it('[VI1] gets requests through it, under its own url', async () => {
    const response = await serve('BOUND_ORIGIN');
    expect([response.status, await response.text()]).toEqual([200, 'app.nowhere.internal/base/cart']);
  });

  it.each(['NO_SUCH_BINDING', 'FALLBACK_2'])(
    '[VI3] that is not bound: nothing is served, and the log says what is missing (%s)',
    async (via) => {
      const complaint = vi.spyOn(console, 'error').mockImplementation(() => undefined);
      const response = await serve(via);
      expect([response.status, response.headers.get('limpet-code')]).toEqual([503, 'misconfigured']);
      expect(complaint.mock.calls).toEqual([
        [
          `Cannot serve: pools.shop.origins.0.via: wanted a binding of this name in wrangler.toml that can fetch ([[services]], [[vpc_services]], [[mtls_certificates]]), found "${via}"`,
        ],
      ]);
      complaint.mockRestore();
    },
  );

  it('[VI3] a binding that cannot fetch is none', () => {
    for (const name of ['FALLBACK', 'SESSION_SHARD', 'ADMIN_TOKEN', 'VERSION', 'nothing'])
      expect([name, reachThrough(env, name)]).toEqual([name, undefined]);
    expect(reachThrough(env, 'BOUND_ORIGIN')).toBeDefined();
  });

  it('[VI2] is probed by the monitor through it; a binding that the monitor lacks is a failed probe that says so', async () => {
    const monitor = env.POOL_MONITOR.getByName(poolName(`pool-${crypto.randomUUID()}`));
    const health = {
      ...plainProbing,
      path: '/well',
      intervalMs: 300_000,
      doubtIntervalMs: 300_000,
      fall: 1,
      rise: 1,
      timeoutMs: 500,
    };
    const url = 'http://app.nowhere.internal';
    const origins = [
      { id: originId('well'), url, via: 'BOUND_ORIGIN' },
      { id: originId('lost'), url: `${url}/lost`, via: 'NO_SUCH_BINDING' },
    ];
    await monitor.snapshot({ revision: 1, health, origins });
    await eventually(async () => {
      const told = (await monitor.status()).origins.map(({ id, health: how, last }) => [id, how, last]);
      expect(told).toEqual([
        ['well', 'up', 'status 200'],
        ['lost', 'down', 'no binding NO_SUCH_BINDING in wrangler.toml'],
      ]);
    });
  });
});
