import { describe, expect, it } from 'vitest';
import type { SessionInput } from '../../../worker/config/input.ts';
import type { PutSaid } from '../../../worker/core/fence.ts';
import type { Unreachable } from '../../../worker/ports.ts';
import { a, contractReply, createWorld, instance, startMs } from '../visit.ts';
import { codeOf } from './scene.ts';

const limits = { expiresAt: startMs + 1, endsAt: startMs + 2, claimedBy: '' };
const stored: PutSaid = { kind: 'stored', row: { home: a, instance, epoch: 0, version: 1, ...limits } };
const withoutReplica: Unreachable = { kind: 'unreachable', why: 'the shard has it, no replica has it yet' };

/** One changing request, whose put the shard answers so after a while. */
async function change(policy: SessionInput, said: PutSaid | Unreachable) {
  const world = await createWorld({ config: { debug: 'always' }, pool: { session: policy } });
  const cookie = await world.cookie();
  world.origins.set(a, () => contractReply({ 'limpet-state': 'e30', 'limpet-version': '1' }));
  const asked: unknown[] = [];
  world.shards.put = async (id) => {
    await world.clock.sleep(400);
    asked.push(id);
    return said;
  };
  const response = await world.send({ method: 'POST', headers: { cookie, 'content-length': '0' } });
  return { world, response, putsBefore: asked.length };
}

describe('an acknowledgement', () => {
  it('[DU1] async: is given though the shard does not answer that it has it', async () => {
    const { world, response } = await change({ durability: 'async' }, withoutReplica);
    expect(response.status).toBe(200);
    await world.clock.through(world.settled());
    expect(world.edge.counters.all()).toMatchObject({ 'put_async.unreachable': 1 });
  });

  it('[DU2] primary: is given when the shard has it', async () => {
    const { response, putsBefore } = await change({ durability: 'primary' }, stored);
    expect([response.status, putsBefore]).toEqual([200, 1]);
  });

  it('[DU3] quorum: without a replica the client gets what `onStoreFailure` says', async () => {
    const quorum = { durability: 'quorum', replicas: 1 } as const;
    expect((await change(quorum, stored)).response.status).toBe(200);
    const refused = await change(quorum, withoutReplica);
    expect(codeOf(refused.response)).toEqual([503, 'store_unreachable']);
    const served = await change({ ...quorum, onStoreFailure: 'serve' }, withoutReplica);
    expect([served.response.status, served.response.headers.get('limpet-outcome')]).toEqual([
      200,
      'unstored',
    ]);
  });
});
