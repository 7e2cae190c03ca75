import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../system/harness/client.ts';
import { growthDuring } from '../system/harness/memory.ts';
import { until } from '../system/harness/until.ts';
import { startWorld, type World } from '../system/harness/world.ts';

let world: World;
const pool = { session: { shards: 1 }, attempts: { hang: 'patient' } } as const;
beforeAll(async () => (world = await startWorld({ origins: ['a'], pool })));
afterAll(() => world?.end());

const mebibyte = 1024 * 1024;
/** Half of what passes: states that are kept would show, the saw-tooth of the runtime's own heap (about 120 MB) does not. */
const flatMegabytes = 200;

async function fill(client: Client): Promise<void> {
  // On a busy machine a put may take longer than its two seconds: that is not what is asked here.
  await until('the state is stored', async () => {
    const { status } = await client.post(`/cart?item=one&noise=${mebibyte}`);
    expect([200, 503]).toContain(status);
    return status === 200;
  });
}

it('[LS5] 400 states of 1 MiB through one shard, with flat memory', async () => {
  // The first ones warm the runtime up: its heap and SQLite's cache grow to their size.
  for (let count = 0; count < 20; count++) await fill(world.client());
  const growth = await growthDuring(world.dev.pid, async () => {
    for (let count = 0; count < 400; count++) await fill(world.client());
  });
  console.log(`the runtime grew by ${Math.round(growth)} MB`);
  expect(growth).toBeLessThan(flatMegabytes);
});
