import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../programs.ts';
import { type RedisServer, startRedis } from '../system/harness/redis/server.ts';
import { startWorld } from '../system/harness/world.ts';

const redisServer = program('redis-server');
const durationMs = 15_000;

interface Cart {
  readonly origin: string;
  readonly items: readonly string[];
}

/** One shopper adds items for 15 s, one after the other; wherever the session lives is stopped for a while, and goes on. */
async function lostIn(sessions: 'redis' | 'fenced', redis: RedisServer) {
  const session = { mode: 'external', contract: sessions === 'fenced' } as const;
  const attempts = { doubtAfterMs: 100, doubtTimeoutMs: 200 };
  const pool = { session, attempts, health: { path: '/health', intervalMs: 60_000 } };
  const world = await startWorld({
    sessions,
    pool,
    rest: { debug: 'always' },
    env: { REDIS_URL: redis.url },
  });
  try {
    const client = world.client();
    const first = await client.post('/cart?item=first');
    let home = first.json<Cart>().origin;
    const acknowledged = ['first'];
    let [freezes, refused] = [0, 0];
    const until = Date.now() + durationMs;
    for (let at = 0; Date.now() < until; at++) {
      if (at % 10 === 9) {
        const frozen = world.origin(home);
        freezes += 1;
        // In the middle of a request: it has its session, and saves it when it goes on.
        setTimeout(() => frozen.freeze(), 30);
        setTimeout(() => frozen.thaw(), 1_500);
      }
      const seen = await client.post(`/cart/slowly?item=i${at}&ms=60`);
      if (seen.status === 200) {
        acknowledged.push(`i${at}`);
        home = seen.json<Cart>().origin;
      } else refused += 1;
    }
    for (const origin of world.origins) origin.thaw();
    // Longer at work than any request that has thawed: their saves are through when this one is.
    await client.post('/cart/slowly?item=last&ms=500');
    const { items } = (await client.get('/cart')).json<Cart>();
    const lost = acknowledged.filter((item) => !items.includes(item));
    console.log(
      `${sessions}: ${acknowledged.length} acknowledged, ${refused} refused, ${freezes} freezes, ${lost.length} lost`,
    );
    return { lost: lost.length, acknowledged: acknowledged.length, freezes };
  } finally {
    await world.end();
  }
}

describe.skipIf(redisServer === undefined)('homes that freeze and thaw for 15 s', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis(redisServer ?? '');
  });
  afterAll(() => redis?.end());

  it('[RD10] connect-redis: what it loses is measured, not promised', async () => {
    const { lost, freezes } = await lostIn('redis', redis);
    expect(freezes).toBeGreaterThan(2);
    expect(lost).toBeGreaterThanOrEqual(0);
  });

  it('[RD11] limpet/redis loses nothing that was acknowledged', async () => {
    const { lost, acknowledged, freezes } = await lostIn('fenced', redis);
    expect(freezes).toBeGreaterThan(2);
    expect(acknowledged).toBeGreaterThan(20);
    expect(lost).toBe(0);
  });
});
