import { durableObjects } from '../dev-worker.ts';

/**
 * The Worker's entry on a machine of one's own. KV is an object of the same Worker, and the clock that Cloudflare's cron triggers are comes in at
 * an entrypoint that no client's socket leads to.
 */
export const serveEntry = `
import { limpet } from 'limpet';
import { KvStore } from '../durable-objects/kv-store.js';
import config from './limpet.config.js';

export { ${Object.values(durableObjects).join(', ')} } from 'limpet';
export { KvStore };

const worker = limpet(config);

export default worker;
export const kv = { fetch: (request, env) => env.KV_STORE.getByName('FALLBACK').fetch(request) };
export const control = {
  async fetch(request, env, ctx) {
    await worker.scheduled({}, env, ctx);
    return new Response(null, { status: 204 });
  },
};
`;
