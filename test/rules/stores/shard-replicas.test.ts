import { describe, expect, it } from 'vitest';
import { instanceId, originId, poolName } from '../../../worker/core/ids.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';
import {
  createReplicas,
  type PlacedObjects,
  type ReplicaCopy,
  type ReplicaObject,
} from '../../../worker/stores/shard-replicas.ts';
import { WorldTime } from './world-time.ts';

const pool = poolName('shop');
const session = makeSessionId({ region: 'xx', generation: 0, number: 7 }, new Uint8Array(16));
const anywhere = { region: '', jurisdiction: '' };

function copy(epoch: number, version: number): ReplicaCopy {
  const limits = { expiresAt: 1, endsAt: 2, claimedBy: '' };
  const row = { home: originId('a'), instance: instanceId(''), epoch, version, ...limits };
  return { kind: 'copy', row, state: { bytes: new Uint8Array(), seal: '', epoch }, at: 100 };
}

/** Replicas that answer so, each in its turn; undefined never answers. */
function replicasOf(answers: (ReplicaCopy | Error | undefined)[], places = answers.map(() => anywhere)) {
  const time = new WorldTime();
  time.pass(350);
  const asked: unknown[] = [];
  const objects = (law: string): PlacedObjects<ReplicaObject> => ({
    jurisdiction: (named) => objects(named),
    getByName(name, options) {
      const answer = answers[asked.push([name, law, options]) - 1];
      const never = new Promise<ReplicaCopy>(() => undefined);
      return { read: async () => (answer instanceof Error ? Promise.reject(answer) : (answer ?? never)) };
    },
  });
  return { replicas: createReplicas(pool, objects(''), { clock: time, timers: time, places }), asked };
}

describe('replicas, read', () => {
  it('[RO1] the newest copy counts, with its age', async () => {
    const { replicas } = replicasOf([copy(1, 9), copy(2, 3)]);
    expect(await replicas.session(session)).toMatchObject({
      layer: 'replica',
      row: { epoch: 2, version: 3 },
      ageMs: 250,
    });
  });

  it('[RO1] what is ended somewhere is served nowhere', async () => {
    const { replicas } = replicasOf([copy(1, 9), { kind: 'ended' }]);
    expect(await replicas.session(session)).toBeUndefined();
  });

  it('[RO1] one that is silent or fails is passed over, and nothing throws', async () => {
    expect(await replicasOf([undefined, copy(1, 1)]).replicas.session(session)).toBeDefined();
    expect(await replicasOf([new Error('away'), copy(1, 1)]).replicas.session(session)).toBeDefined();
    expect(await replicasOf([new Error('away'), undefined]).replicas.session(session)).toBeUndefined();
    expect(await replicasOf([]).replicas.session(session)).toBeUndefined();
  });

  it('[RP9] are asked by the name of shard and region, with its hint, in the jurisdiction', async () => {
    const places = [anywhere, { region: 'weur', jurisdiction: 'eu' }];
    const { replicas, asked } = replicasOf([{ kind: 'none' }, { kind: 'none' }], places);
    await replicas.session(session);
    expect(asked).toEqual([
      ['shop:xx00007:1', '', {}],
      ['shop:xx00007:2-weur', 'eu', { locationHint: 'weur' }],
    ]);
  });
});
