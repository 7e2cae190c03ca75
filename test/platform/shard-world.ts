import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { Claim } from '../../worker/core/fence.ts';
import { instanceId, noInstance, originId, poolName, type SessionId } from '../../worker/core/ids.ts';
import { makeSessionId } from '../../worker/core/session-id.ts';
import type { RotateWish, StatePut } from '../../worker/ports.ts';

export const [a, b] = [originId('a'), originId('b')];
export const [one, two] = [instanceId('instance-one-0001'), instanceId('instance-two-0002')];
const day = 86_400_000;

/** A shard of a pool that no other test knows. */
export function newShard() {
  const pool = poolName(`pool-${crypto.randomUUID()}`);
  const address = { region: 'xx', generation: 0, number: 1 };
  const newSession = () => makeSessionId(address, crypto.getRandomValues(new Uint8Array(16)));
  const stub = () => env.SESSION_SHARD.getByName(`${pool}:xx00001`);
  // A stub that has seen its object abort stays broken: those who need a new one per call take `stub`.
  return { pool, newSession, stub, shard: stub(), monitor: env.POOL_MONITOR.getByName(pool) };
}

export type Shard = ReturnType<typeof newShard>['shard'];

/** What may happen to the object between any two calls. */
export const between: Record<string, (shard: Shard) => Promise<void>> = {
  nothing: async () => undefined,
  'an eviction': (shard) => evictDurableObject(shard),
  'an abort': () => abortAllDurableObjects(),
  'a fold': (shard) => shard.fold(),
  'an alarm': async (shard) => void (await runDurableObjectAlarm(shard)),
};

export const limits = (expiresInMs = day) => ({
  expiresAt: Date.now() + expiresInMs,
  endsAt: Date.now() + 2 * day,
});
export const assumed = { home: a, epoch: 0 };

export function stateOf(text: string | Uint8Array<ArrayBuffer>, epoch = 0) {
  const bytes = typeof text === 'string' ? new Uint8Array(new TextEncoder().encode(text)) : text;
  return { bytes, seal: `seal of ${bytes.length}`, epoch };
}

export function toStore(
  version: number,
  text: string | Uint8Array<ArrayBuffer>,
  other: Partial<StatePut> = {},
): StatePut {
  return {
    home: a,
    instance: one,
    epoch: 0,
    version,
    assumed,
    limits: limits(),
    state: stateOf(text, other.epoch),
    ...other,
  };
}

export function toClaim(expected: number, other: Partial<Claim> = {}): Claim {
  return {
    by: 'edge',
    expected,
    home: b,
    instance: noInstance,
    nonce: `n${expected}`,
    uncopied: 'move',
    assumed,
    limits: limits(),
    ...other,
  };
}

export function toRotate(to: SessionId, version: number, other: Partial<RotateWish> = {}): RotateWish {
  return { to, home: a, instance: one, epoch: 0, version, assumed, limits: limits(), ...other };
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** Bytes that no codec could make up. */
export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}
