/** MurmurHash3 x86 32 of the text's UTF-8 bytes, as a signed 32-bit integer (an unsigned one would leave V8's small integers). */
export function murmur3(text: string, seed: number): number {
  const bytes = encoder.encode(text);
  const blocks = bytes.length & ~3;
  let hash = seed | 0;
  for (let at = 0; at < blocks; at += 4) {
    hash ^= scramble(
      byte(bytes, at) |
        (byte(bytes, at + 1) << 8) |
        (byte(bytes, at + 2) << 16) |
        (byte(bytes, at + 3) << 24),
    );
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  return mix32(hash ^ scramble(tail(bytes, blocks)) ^ bytes.length);
}

/** Murmur3's finaliser: every bit of the input moves every bit of the output. */
export function mix32(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

const encoder = new TextEncoder();

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function tail(bytes: Uint8Array, from: number): number {
  let rest = 0;
  for (let at = bytes.length - 1; at >= from; at--) rest = (rest << 8) | byte(bytes, at);
  return rest;
}
