import { build, type Plugin } from 'esbuild';
import type { WorkerOptions } from 'miniflare';
import { bundleFailure } from './bundle-failure.ts';
import { built } from './package-root.ts';
import { host } from './port.ts';

/** What wrangler.toml deploys, said again for the runtime's own API. */
export const compatibilityDate = '2026-11-01';
const name = 'limpet';

// A Durable Object outlives a restart under the name of its Worker and class: with --persist these are a format.
export const durableObjects = {
  SESSION_SHARD: 'SessionShard',
  SHARD_REPLICA: 'ShardReplica',
  POOL_MONITOR: 'PoolMonitor',
  PROBER: 'Prober',
};

/**
 * The Worker's entry in development. The configuration stays a module of its own, so that a change of it needs no new bundle.
 * The edge overwrites CF-Connecting-IP and request.cf; the local runtime would let a client's own CF-Connecting-IP and
 * MF-CF-Blob through. All that reaches a loopback address is this machine.
 */
const devEntry = `
import { limpet, PoolMonitor, Prober, SessionShard, ShardReplica } from 'limpet';
import config from './limpet.config.js';

export { PoolMonitor, Prober, SessionShard, ShardReplica };

const worker = limpet(config);

export default {
  fetch(request, env, ctx) {
    const arrived = new Request(request, { cf: {} });
    arrived.headers.set('CF-Connecting-IP', '${host}');
    return worker.fetch(arrived, env, ctx);
  },
  scheduled: (controller, env, ctx) => worker.scheduled(controller, env, ctx),
};
`;

/** The Worker without its configuration, as one module. */
export async function bundleWorker(entry = devEntry): Promise<string> {
  const result = await build({
    stdin: { contents: entry, resolveDir: built('worker'), sourcefile: 'limpet-entry.js' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', './limpet.config.js'],
    sourcemap: 'inline',
    logLevel: 'silent',
    plugins: [limpetItself],
  }).catch(async (error: unknown) => {
    throw await bundleFailure('the Worker', error);
  });
  return result.outputFiles[0]?.text ?? '';
}

const limpetItself: Plugin = {
  name: 'limpet-itself',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^limpet$/ }, () => ({ path: built('worker/package.js') }));
  },
};

/** The configuration as a module: it is data, and what its author left open is set for plain http on this machine. */
export function configModule(input: unknown): string {
  return `export default ${JSON.stringify(forThisMachine(input))};\n`;
}

/** `debug` is on, and cookies are not `Secure`: over http some clients would never send them back. */
function forThisMachine(input: unknown): unknown {
  if (!isRecord(input) || !isRecord(input['pools'])) return input;
  const pools = Object.entries(input['pools']).map(([name, pool]) => [
    name,
    isRecord(pool) ? withPlainCookie(pool) : pool,
  ]);
  return { debug: 'always', ...input, pools: Object.fromEntries(pools) };
}

function withPlainCookie(pool: Readonly<Record<string, unknown>>): unknown {
  const cookie = isRecord(pool['cookie']) ? pool['cookie'] : {};
  // SameSite=None is refused without Secure: who wants it has https, or a browser that makes an exception for this machine.
  return cookie['sameSite'] === 'none' ? pool : { ...pool, cookie: { secure: false, ...cookie } };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface WorkerParts {
  readonly code: string;
  readonly config: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly port: number;
  /** Further bindings. */
  readonly bound?: WorkerBindings;
}

type WorkerBindings = Readonly<Record<string, { readonly type: 'worker'; readonly worker: string }>>;

export function workerOptions({ code, config, vars, port, bound = {} }: WorkerParts): WorkerOptions {
  return {
    config: {
      name,
      compatibilityDate,
      manifest: {
        mainModule: 'index.js',
        modules: {
          'index.js': { type: 'esm', contents: code },
          'limpet.config.js': { type: 'esm', contents: config },
        },
      },
      exports: Object.fromEntries(
        Object.values(durableObjects).map((exportName) => [
          exportName,
          { type: 'durable-object', storage: 'sqlite' },
        ]),
      ),
      env: {
        ...Object.fromEntries(Object.entries(vars).map(([key, value]) => [key, { type: 'text', value }])),
        ...Object.fromEntries(
          Object.entries(durableObjects).map(([key, exportName]) => [
            key,
            { type: 'durable-object', worker: name, exportName },
          ]),
        ),
        ...bound,
        FALLBACK: { type: 'kv', id: 'FALLBACK' },
        VERSION: { type: 'version-metadata' },
      },
    },
    dev: {
      // Straight to the Worker: miniflare's own front door rewrites Accept-Encoding, believes X-Forwarded-Proto and costs twice the CPU.
      unsafeDirectSockets: [{ host, port }],
      // It would take the header off the requests to origins, who may want it.
      stripCfConnectingIp: false,
    },
  };
}
