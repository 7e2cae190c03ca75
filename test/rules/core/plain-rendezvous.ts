import murmurhash from 'murmurhash';

/** The formula of docs/decisions/003-placement.md, written the plain way: BigInt mixing, a logarithm for every origin, somebody else's murmur3. */
export interface Weighted {
  readonly id: string;
  readonly weight: number;
}

const originSeed = 0x4c696d70;
const keySeed = 0x65747631;

export function plainPick(keyText: string, origins: readonly Weighted[]): string | undefined {
  const key = murmurhash.v3(new TextEncoder().encode(keyText), keySeed);
  const scored = origins
    .filter(({ weight }) => weight > 0)
    .map(({ id, weight }) => ({ id, score: -weight / Math.log((drawOf(key, id) + 0.5) / 2 ** 32) }));
  return scored.sort((one, other) => other.score - one.score)[0]?.id;
}

function drawOf(key: number, id: string): number {
  return plainMix32(key ^ murmurhash.v3(new TextEncoder().encode(id), originSeed));
}

/** Murmur3's finaliser in whole numbers. */
export function plainMix32(value: number): number {
  const low32 = (wide: bigint) => BigInt.asUintN(32, wide);
  let hash = low32(BigInt(value));
  hash = low32((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = low32((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n));
}
