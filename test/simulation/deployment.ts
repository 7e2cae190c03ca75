import type { ConfigInput } from '../../worker/config/input.ts';
import type { Shape } from './world.ts';

/** What an operator would have written and set: every edge of every world runs with it. */
export const pool = 'shop';
export const publicUrl = 'https://shop.example.com';
export const idleMs = 240_000;

export const secrets = {
  cookieKeys: ['simulated-cookie-key-0123456789abcdef'],
  originSecret: 'simulated-origin-secret-0123456789abcdef',
  adminToken: 'simulated-admin-token-0123456789abcdef',
};

export function configOf(
  origins: readonly string[],
  { replicas, durability }: Pick<Shape, 'replicas' | 'durability'>,
): ConfigInput {
  return {
    pools: {
      [pool]: {
        origins: origins.map((id) => ({ id, url: `https://${id}.example.com` })),
        session: { shards: 2, idleMs, replicas, durability },
        health: { path: '/health', intervalMs: 5_000, timeoutMs: 1_000 },
      },
    },
    routes: [{ match: '/*', pool }],
  };
}

export interface Bindings {
  readonly SESSION_SHARD: object;
  readonly SHARD_REPLICA: object;
  readonly POOL_MONITOR: object;
  readonly FALLBACK: object;
}

export function envOf(bindings: Bindings): object {
  return {
    ...bindings,
    COOKIE_KEYS: secrets.cookieKeys.join(),
    ORIGIN_SECRET: secrets.originSecret,
    ADMIN_TOKEN: secrets.adminToken,
    LIMPET_API: publicUrl,
  };
}
