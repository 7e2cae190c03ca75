import { beforeEach, describe, expect, it } from 'vitest';
import type { CopyInReplica } from '../../../worker/ports.ts';
import { a, createWorld, instance, session, startMs, type World } from '../visit.ts';
import { carriedIn, codeOf } from './scene.ts';

let world: World;
let cookie: string;
let replica: CopyInReplica | undefined;

async function copyOf(text: string, version: number, epoch = 0) {
  const bytes = new TextEncoder().encode(text);
  const limits = { expiresAt: startMs + 1_800_000, endsAt: startMs + 43_200_000, claimedBy: '' };
  const seal = await world.pool.keyring.sealState(session, epoch, bytes);
  const row = { home: a, instance, epoch, version, ...limits };
  return { row, ageMs: 4_200, state: { bytes, epoch, seal }, layer: 'replica' as const };
}

beforeEach(async () => {
  world = await createWorld({
    config: { debug: 'always' },
    pool: { session: { replicas: 1 }, fallback: { replicaAfterMs: 300 } },
  });
  Object.assign(world.pool.replicas, { session: async () => replica });
  cookie = await world.cookie();
  world.standing(a, { health: 'down' });
  replica = undefined;
});

const send = (method = 'GET') => world.send({ method, headers: { cookie } });

describe('shard and home both away', () => {
  beforeEach(() => {
    world.shards.goAway();
  });

  it('[RO2] a safe request is served from the replica before KV, and the answer names layer, age and version', async () => {
    replica = await copyOf('of the replica', 7);
    world.copies.set(session, await copyOf('of KV', 6));
    const { headers } = await send();
    expect(carriedIn(world)).toEqual(['of the replica']);
    const named = ['limpet-layer', 'limpet-age', 'limpet-version'].map((name) => headers.get(name));
    expect(named).toEqual(['replica', '5', '7']);
  });

  it('[RO2] from KV when no replica has a copy that the cookie and its seal allow', async () => {
    world.copies.set(session, await copyOf('of KV', 6, 1));
    cookie = await world.cookie({ epoch: 1 });
    replica = await copyOf('from before the last move', 7);
    expect((await send()).headers.get('limpet-layer')).toBe('kv');
    const forged = await copyOf('forged', 9, 1);
    replica = { ...forged, state: { ...forged.state, seal: 'A'.repeat(22) } };
    expect((await send()).headers.get('limpet-layer')).toBe('kv');
    expect(carriedIn(world)).toEqual(['of KV', 'of KV']);
  });

  it('[RO2] an unsafe request is refused', async () => {
    replica = await copyOf('of the replica', 7);
    expect(codeOf(await send('POST'))).toEqual([503, 'store_unreachable']);
  });
});

describe('a shard that says nothing', () => {
  /** The claim is answered after so long. */
  const slow = (ms: number) => {
    const { claim } = world.shards;
    world.shards.claim = async (...args) => {
      await world.clock.sleep(ms);
      return claim(...args);
    };
  };

  it('[RO3] a safe request asks the replica after `replicaAfterMs`, and the claim goes on', async () => {
    await world.store('cart', { version: 7 });
    replica = await copyOf('cart', 7);
    const answered = Promise.withResolvers<void>();
    const { claim } = world.shards;
    world.shards.claim = async (...args) => {
      await answered.promise;
      return claim(...args);
    };
    expect((await send()).headers.get('limpet-layer')).toBe('replica');
    expect(world.shards.row(session)).toMatchObject({ epoch: 0 });
    answered.resolve();
    await world.settled();
    expect(world.shards.row(session)).toMatchObject({ epoch: 1 });
  });

  it('[RO3] not before, not without a copy, and never an unsafe request', async () => {
    await world.store('cart', { version: 7 });
    replica = await copyOf('old', 3);
    slow(250);
    expect((await send()).headers.get('limpet-outcome')).toBe('restored');
    world.standing(a, { health: 'up' });
    slow(1_500);
    cookie = await world.cookie();
    replica = undefined;
    expect((await send()).headers.get('limpet-layer')).toBeNull();
    replica = await copyOf('old', 3);
    expect((await send('POST')).headers.get('limpet-layer')).toBeNull();
  });
});
