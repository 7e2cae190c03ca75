import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limpet } from './cli/command.ts';
import { secrets } from './harness/secrets.ts';
import { createShopper, shopWhile } from './harness/shopper.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ pool: { session: { shards: 1, replicas: 2, durability: 'quorum' } } });
});
afterAll(() => world?.end());

const operator = (...words: string[]) =>
  limpet([...words, '--url', world.url], { ADMIN_TOKEN: secrets.ADMIN_TOKEN });

interface Listed {
  readonly shards: readonly {
    readonly object: string;
    readonly generation: number;
    readonly replicas: readonly { readonly object: string; readonly seqBehind: number }[];
  }[];
}

describe('an operator promotes a replica', () => {
  it('[PR7] under load: nothing acknowledged is lost, every GET is 200, ids and cookies stay', async () => {
    const shoppers = Array.from({ length: 60 }, (_, at) => createShopper(world.client(), `s${at}`));
    await Promise.all(shoppers.map((shopper) => shopper.addOnce()));
    for (const generation of [1, 2]) {
      await shopWhile(shoppers, async () => {
        const { code, stdout, stderr } = await operator('promote', '--pool', 'shop', '--shard', '0');
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toContain(`(generation ${generation},`);
        expect(stdout).toContain('nothing acknowledged is lost');
      });
    }
    await Promise.all(shoppers.map((shopper) => shopper.lookOnce()));
    expect(shoppers.flatMap(({ complaints }) => complaints).slice(0, 10)).toEqual([]);
    expect([...new Set(shoppers.flatMap(({ refusals }) => refusals))]).toEqual([]);
  });

  it('[PR8] the list of shards shows the promoted object, its generation, and its own replicas', async () => {
    const { stdout } = await operator('shards', '--pool', 'shop', '--json');
    const [shard] = (JSON.parse(stdout) as Listed).shards;
    expect(shard?.generation).toBe(2);
    expect(shard?.object).toMatch(/^shop:xx00000:g1:/);
    expect(shard?.replicas.map(({ object }) => object)).toEqual(['shop:xx00000:g2:1', 'shop:xx00000:g2:2']);
    const { stdout: table } = await operator('shards');
    expect(table).toMatch(/shop +0 +2 +shop:xx00000:g1:/);
  });

  it('[PR8] what is wrong with an order is said', async () => {
    const wrong = await operator('promote', '--pool', 'shop', '--shard', '0', '--replica', '3');
    expect([wrong.code, wrong.stderr]).toEqual([1, 'Wanted "replica", a number from 1 to 2, found 3.\n']);
  });
});
