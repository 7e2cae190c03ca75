import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { KvStore } from '../../durable-objects/kv-store.ts';

/** Requests as the runtime's KV binding makes them, to an object of its own. */
function inStore(name: string, ask: (send: Send) => Promise<void>): Promise<void> {
  return runInDurableObject(env.POOL_MONITOR.getByName(`kv ${name}`), (_, state) => {
    const store = new KvStore(state, {});
    return ask((method, path, init = {}) =>
      store.fetch(new Request(`https://kv/${path}`, { method, ...init })),
    );
  });
}
type Send = (method: string, path: string, init?: RequestInit) => Promise<Response>;

const page = encodeURIComponent('answer:shop:http://shop/ä?a=1');

describe('KvStore', () => {
  it('[SV10] gives back what was put, with its metadata, in chunks where it is large', () =>
    inStore('values', async (send) => {
      const large = crypto.getRandomValues(new Uint8Array(60_000));
      const value = new Blob(Array.from({ length: 50 }, () => large));
      const headers = { 'CF-KV-Metadata': '{"at":1}' };
      await send('PUT', `${page}?urlencoded=true&expiration_ttl=60`, { body: value, headers });
      const got = await send('GET', `${page}?urlencoded=true`);
      expect([got.status, got.headers.get('CF-KV-Metadata')]).toEqual([200, '{"at":1}']);
      expect(new Uint8Array(await got.arrayBuffer())).toEqual(new Uint8Array(await value.arrayBuffer()));

      await send('PUT', `${page}?urlencoded=true`, { body: 'short' });
      const again = await send('GET', `${page}?urlencoded=true`);
      expect([await again.text(), again.headers.get('CF-KV-Metadata')]).toEqual(['short', null]);
      await send('DELETE', page);
      expect((await send('GET', page)).status).toBe(404);
    }));

  it('[SV10] forgets what has expired, and takes it along with later writes', () =>
    inStore('expiry', async (send) => {
      await send('PUT', `old?expiration=${Math.floor(Date.now() / 1000) - 1}`, { body: 'x' });
      expect((await send('GET', 'old')).status).toBe(404);
      expect(await (await send('GET', '')).json()).toEqual({ keys: [], list_complete: true });
    }));

  it('[SV10] lists by prefix, page by page', () =>
    inStore('list', async (send) => {
      for (const key of ['a1', 'a2', 'a3', 'b1']) await send('PUT', key, { body: key });
      const first = await (await send('GET', '?prefix=a&key_count_limit=2')).json();
      expect(first).toEqual({ keys: [{ name: 'a1' }, { name: 'a2' }], list_complete: false, cursor: 'a2' });
      const second = await (await send('GET', '?prefix=a&key_count_limit=2&cursor=a2')).json();
      expect(second).toEqual({ keys: [{ name: 'a3' }], list_complete: true });
    }));

  it('[SV10] refuses a value above 25 MiB, and a method that KV has not', () =>
    inStore('limits', async (send) => {
      expect((await send('PUT', 'big', { body: new Uint8Array(25 * 1024 * 1024 + 1) })).status).toBe(413);
      expect((await send('POST', 'bulk/get', { body: '{}' })).status).toBe(405);
    }));
});
