import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

// Secrets of the tests; a deployed Worker gets its own from `wrangler secret`.
const bindings = {
  COOKIE_KEYS: 'test-cookie-key-0123456789abcdef-0123456789abcdef',
  ORIGIN_SECRET: 'test-origin-secret-0123456789abcdef-0123456789abcdef',
  ADMIN_TOKEN: 'test-admin-token-0123456789abcdef-0123456789abcdef',
};

/** An origin that only a binding leads to: it says at which path and under which host it was asked. */
const boundOrigin = (request: Request) => {
  const { host, pathname } = new URL(request.url);
  return new Response(`${host}${pathname}`, { status: pathname === '/sick' ? 500 : 200 });
};

// Real processes, sockets and ports. Two files at a time, however many cores there are: mostly they wait.
const slow = { environment: 'node', testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 } as const;

export default defineConfig({
  test: {
    passWithNoTests: true,
    allowOnly: false,
    projects: [
      { test: { name: 'rules', environment: 'node', include: ['test/rules/**/*.test.ts'] } },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings, serviceBindings: { BOUND_ORIGIN: boundOrigin } },
          }),
        ],
        resolve: { alias: { limpet: new URL('./worker/package.ts', import.meta.url).pathname } },
        test: { name: 'platform', include: ['test/platform/**/*.test.ts'] },
      },
      { test: { ...slow, name: 'system', include: ['test/system/**/*.test.ts'] } },
      {
        test: {
          ...slow,
          name: 'long',
          fileParallelism: false,
          testTimeout: 600_000,
          include: ['test/long/**/*.test.ts'],
        },
      },
    ],
  },
});
