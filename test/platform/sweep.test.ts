import { env } from 'cloudflare:workers';
import { afterEach, expect, it, vi } from 'vitest';
import { limpet, type LimpetEnv } from '../../worker/package.ts';
import { originId, poolName } from '../../worker/core/ids.ts';
import { makeSessionId, shardKey } from '../../worker/core/session-id.ts';
import { toStore } from './shard-world.ts';

afterEach(() => vi.restoreAllMocks());

const size = 10_000;
const shards = 16;
const a = originId('a');
const instance = 'instance-one-0001';

/** An origin that lets go of whatever it is asked for, and says so. */
function letsGo(): void {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_url, init) => {
    const order = new Headers(init?.headers).get('limpet-control') ?? '';
    const released = order.match(/[\w-]{29}(?=:)/g) ?? [];
    return Response.json(
      { inFlight: 0, quietMs: 9_000, released },
      { headers: { 'limpet-instance': instance } },
    );
  });
}

it('[DN10] 10,000 sessions are handed over in less than ten seconds', { timeout: 120_000 }, async () => {
  letsGo();
  const pool = poolName(`pool-${crypto.randomUUID()}`);
  const origins = ['a', 'b', 'c'].map((id) => ({ id, url: `http://${id}.test` }));
  const handler = limpet({ pools: { [pool]: { origins } }, routes: [{ match: '/*', pool }] });
  const ask = async (path: string, body: object) => {
    const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
    const request = new Request(`http://edge.test/.limpet/admin/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    const response = await handler.fetch(request, env as unknown as LimpetEnv, {
      waitUntil: () => undefined,
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const session = (number: number) =>
    makeSessionId({ region: 'xx', generation: 0, number }, crypto.getRandomValues(new Uint8Array(16)));
  for (let done = 0; done < size; done += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, at) => {
        const number = at % shards;
        const shard = env.SESSION_SHARD.getByName(
          `${pool}:${shardKey({ region: 'xx', generation: 0, number })}`,
        );
        return shard.put(pool, session(number), toStore(1, 'a cart with something in it'));
      }),
    );

  await ask(`origins/${a}/drain`, {});
  const began = performance.now();
  const sum = { moved: 0, left: 0 };
  let cursor: unknown;
  do {
    const said = await ask(`origins/${a}/sweep`, { cursor });
    sum.moved += Number(said['moved']);
    sum.left += Number(said['left']);
    cursor = said['cursor'];
  } while (cursor !== undefined);
  const tookMs = Math.round(performance.now() - began);
  console.log(`${sum.moved.toLocaleString('en')} sessions handed over in ${tookMs} ms`);
  expect(sum).toEqual({ moved: size, left: 0 });
  expect(tookMs).toBeLessThan(10_000);
});
