import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { claim, end, put, renew } from '../../worker/core/fence.ts';
import { instanceId, noInstance } from '../../worker/core/ids.ts';
import type { Slot } from '../../worker/core/row.ts';
import type { SealedState } from '../../worker/ports.ts';
import { a, assumed, b, limits, newShard, one, stateOf, toClaim, toStore, two } from './shard-world.ts';

/** The shard beside the bare rules of the fence: the same answers, whatever is done to its storage and memory in between. */
type Shard = ReturnType<typeof newShard>['shard'];

const who = fc.nat(2);
const place = { home: fc.constantFrom(a, b), instance: fc.constantFrom(one, two) };
const operations = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('put' as const),
      who,
      ...place,
      epoch: fc.nat(3),
      version: fc.nat(6),
      size: fc.constantFrom(5, 17_000, 600_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('claim' as const),
      who,
      home: place.home,
      instance: fc.constantFrom(noInstance, one, two),
      expected: fc.nat(3),
      nonce: fc.constantFrom('x', 'y'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('renew' as const), who }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('end' as const), who, ...place }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constantFrom('evict' as const, 'abort' as const, 'fold' as const, 'alarm' as const),
    }),
  },
);
type Operation = typeof operations extends fc.Arbitrary<infer One> ? One : never;

async function disturb(op: 'evict' | 'abort' | 'fold' | 'alarm', shard: Shard): Promise<void> {
  await shard.stats();
  if (op === 'evict') await evictDurableObject(shard);
  else if (op === 'abort') await abortAllDurableObjects();
  else if (op === 'fold') await shard.fold();
  else await runDurableObjectAlarm(shard);
}

function world() {
  const { pool, stub, newSession } = newShard();
  const sessions = [newSession(), newSession(), newSession()];
  const slots = new Map<string, Slot>();
  const states = new Map<string, SealedState>();
  const time = limits();

  /** What the shard said, and what the fence alone says. */
  return async function apply(operation: Operation): Promise<[said: unknown, decided: unknown]> {
    const shard = stub();
    if (!('who' in operation)) return [await disturb(operation.op, shard), undefined];
    const session = sessions[operation.who] ?? newSession();
    const slot = slots.get(session) ?? { kind: 'none' };
    if (operation.op === 'put') {
      const bytes = new Uint8Array(operation.size).fill(operation.version * 16 + operation.epoch);
      const wish = {
        ...toStore(operation.version, bytes),
        ...operation,
        limits: time,
        state: stateOf(bytes),
      };
      const { answer, next } = put(slot, wish);
      if (next !== undefined) states.set(session, wish.state);
      slots.set(session, next ?? slot);
      return [await shard.put(pool, session, wish), answer];
    }
    if (operation.op === 'claim') {
      const wish = { ...toClaim(operation.expected), ...operation, limits: time };
      const { answer, next } = claim(slot, wish);
      const state = answer.kind === 'claimed' && answer.row.version > 0 ? { state: states.get(session) } : {};
      slots.set(session, next ?? slot);
      return [await shard.claim(pool, session, wish), { ...answer, ...state }];
    }
    if (operation.op === 'renew') {
      const { answer, next } = renew(slot, { assumed, limits: time });
      slots.set(session, next ?? slot);
      return [await shard.renew(pool, session, { assumed, limits: time }), answer];
    }
    const wish = { home: operation.home, instance: operation.instance, endsAt: time.endsAt };
    slots.set(session, end(slot, wish).next ?? slot);
    return [await shard.end(pool, session, wish), { kind: 'ended' }];
  };
}

it('[SS1] the shard answers as the fence decides, through evictions, aborts, folds and alarms', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operations, { minLength: 10, maxLength: 40 }), async (sequence) => {
      const apply = world();
      for (const operation of sequence) {
        const [said, decided] = await apply(operation);
        expect(said).toEqual(decided);
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
});

it('[SS10] reads and writes go on while a fold is under way, and every write is there afterwards', async () => {
  const { pool, shard, newSession } = newShard();
  const sessions = Array.from({ length: 120 }, newSession);
  const all = (version: number) =>
    sessions.map((session) => shard.put(pool, session, toStore(version, `version ${version}`)));
  await Promise.all(all(1));
  const folding = shard.fold();
  const seen = await Promise.all(sessions.map((session) => shard.locate(pool, session)));
  await folding;
  expect(seen.map((slot) => slot.kind === 'row' && slot.row.version)).toEqual(sessions.map(() => 1));
  await Promise.all([shard.fold(), ...all(2), shard.fold(), ...all(3)]);
  await evictDurableObject(shard);
  const claims = await Promise.all(
    sessions.map((session) =>
      shard.claim(pool, session, toClaim(0, { instance: instanceId('x'.repeat(16)) })),
    ),
  );
  const kept = claims.map((answer) => 'state' in answer && new TextDecoder().decode(answer.state?.bytes));
  expect(new Set(kept)).toEqual(new Set(['version 3']));
});
