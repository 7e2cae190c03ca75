import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Runtime, startWorkerd, type WorkerParts } from './workerd.ts';
import { bareWorker, limpetWorker } from './worker-code.ts';

export interface Target extends Runtime {
  readonly name: string;
  /** Whether it is Limpet: a bare Worker keeps no session. */
  readonly sticks: boolean;
}

const bareNames = { 'pass-through': 'pass-through', 'same headers': 'same-headers' } as const;

/** Every Worker of the comparison, each in a workerd of its own. */
export async function startTargets(folder: string, originUrl: string): Promise<Target[]> {
  const targets: Target[] = [];
  for (const [name, file] of Object.entries(bareNames)) {
    const parts = { code: await bareWorker(file), text: { ORIGIN: originUrl }, objects: {}, stores: {} };
    targets.push(await start(folder, name, false, parts));
  }
  for (const mode of ['local', 'replicated'] as const) {
    targets.push(await start(folder, mode, true, await limpetParts(mode, originUrl)));
  }
  return targets;
}

async function start(folder: string, name: string, sticks: boolean, parts: WorkerParts): Promise<Target> {
  const own = join(folder, name.replace(' ', '-'));
  mkdirSync(own);
  return { name, sticks, ...(await startWorkerd(own, parts)) };
}

export async function limpetParts(mode: 'local' | 'replicated', originUrl: string): Promise<WorkerParts> {
  return {
    code: await limpetWorker(configOf(mode, originUrl)),
    text: {
      COOKIE_KEYS: 'bench-cookie-key-0123456789abcdef-0123456789',
      ORIGIN_SECRET: 'bench-origin-secret-0123456789abcdef-0123456',
      ADMIN_TOKEN: 'bench-admin-token-0123456789abcdef-012345678',
    },
    objects: { SESSION_SHARD: 'SessionShard', POOL_MONITOR: 'PoolMonitor', PROBER: 'Prober' },
    stores: { FALLBACK: await bareWorker('empty-store') },
  };
}

function configOf(mode: 'local' | 'replicated', originUrl: string): unknown {
  const origins = ['a', 'b', 'c'].map((id) => ({ id, url: `${originUrl}/${id}` }));
  const cookie = { name: 'limpet', secure: false };
  return {
    pools: { shop: { origins, session: { mode, idleMs: 4 * 3_600_000 }, cookie } },
    routes: [{ match: '/*', pool: 'shop' }],
    debug: 'off',
  };
}
