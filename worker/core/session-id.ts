import { base64url } from './base64url.ts';
import type { SessionId } from './ids.ts';

/**
 * A session id is 29 characters: region (2), store generation (2, base 36), shard number (3, base 36), 128 random bits (22, base64url).
 * The shard that owns a session is read from its id, so that raising the number of shards moves nothing.
 */
export interface ShardAddress {
  readonly region: string;
  readonly generation: number;
  readonly number: number;
}

const pattern = /^[0-9a-z]{7}[\w-]{22}$/;
const prefixLength = 7;

/** Random bytes that one id takes. */
export const sessionIdBytes = 16;

/** Ids that are derived from a learned key live on this many shards, whatever the pool's number of shards is. */
export const learnedShards = 256;

export function makeSessionId(address: ShardAddress, random: Uint8Array): SessionId {
  return `${shardKey(address)}${base64url(random.subarray(0, sessionIdBytes))}` as SessionId;
}

/** The seven characters by which ids name their shard. */
export function shardKey(address: ShardAddress): string {
  return address.region + base36(address.generation, 2) + base36(address.number, 3);
}

export function parseSessionId(text: string): SessionId | undefined {
  return pattern.test(text) ? (text as SessionId) : undefined;
}

export function shardOf(session: SessionId): string {
  return session.slice(0, prefixLength);
}

/** 32 bits of the id's randomness: a hash that needs no computing. */
export function randomBitsOf(session: SessionId): number {
  let bits = 0;
  for (let at = prefixLength; at < prefixLength + 6; at++)
    bits = Math.imul(bits, 64) + digitOf(session.charCodeAt(at));
  return bits | 0;
}

function digitOf(code: number): number {
  if (code >= 97) return code - 71;
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 48 && code <= 57) return code + 4;
  return code === 45 ? 62 : 63;
}

function base36(value: number, width: number): string {
  return value.toString(36).padStart(width, '0');
}
