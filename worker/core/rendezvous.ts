import { mix32, murmur3 } from './hash.ts';
import type { OriginId } from './ids.ts';

/**
 * Weighted rendezvous hashing (highest random weight), version 1. A public contract: docs/decisions/003-placement.md has the formula, and
 * test/rules/core/rendezvous.golden.json the vectors.
 *
 * score(key, origin) = -weight / ln((u + 0.5) / 2^32) with u = mix32(key ^ murmur3(origin.id, originSeed)) as an unsigned number.
 * Within one weight the highest u wins, so a pick costs one logarithm per distinct weight.
 */
export interface Candidate {
  readonly id: OriginId;
  readonly weight: number;
}

export interface Placement {
  readonly classes: readonly WeightClass[];
}

interface WeightClass {
  readonly weight: number;
  readonly ids: readonly OriginId[];
  readonly hashes: Int32Array;
}

export const originSeed = 0x4c696d70; // "Limp"
export const keySeed = 0x65747631; // "etv1"

/** Hashes the origins once and groups them by weight. Origins of weight 0 take no new sessions and are left out. */
export function placementOf(candidates: readonly Candidate[]): Placement {
  const byWeight = new Map<number, OriginId[]>();
  for (const { id, weight } of candidates) {
    if (weight > 0) byWeight.set(weight, [...(byWeight.get(weight) ?? []), id]);
  }
  const classes = [...byWeight].map(([weight, ids]) => ({
    weight,
    ids: ids.sort(),
    hashes: Int32Array.from(ids, (id) => murmur3(id, originSeed)),
  }));
  return { classes: classes.sort((a, b) => a.weight - b.weight) };
}

/** The 32-bit key of a text. */
export function keyOf(text: string): number {
  return murmur3(text, keySeed);
}

/** The usable origin that the key belongs to, or undefined where none is usable. */
export function place(
  placement: Placement,
  key: number,
  usable: (id: OriginId) => boolean,
): OriginId | undefined {
  let best: OriginId | undefined;
  let bestScore = 0;
  for (const group of placement.classes) {
    const at = highest(group, key, usable);
    if (at < 0) continue;
    const score = scoreOf(group, at, key);
    if (score > bestScore) {
      bestScore = score;
      best = group.ids[at];
    }
  }
  return best;
}

function highest(group: WeightClass, key: number, usable: (id: OriginId) => boolean): number {
  let best = -1;
  let most = -1;
  for (let at = 0; at < group.ids.length; at++) {
    const draw = mix32(key ^ (group.hashes[at] ?? 0)) >>> 0;
    if (draw > most && usable(group.ids[at] as OriginId)) {
      most = draw;
      best = at;
    }
  }
  return best;
}

function scoreOf(group: WeightClass, at: number, key: number): number {
  const draw = mix32(key ^ (group.hashes[at] ?? 0)) >>> 0;
  return -group.weight / Math.log((draw + 0.5) / 4294967296);
}
