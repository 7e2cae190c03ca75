import * as fc from 'fast-check';
import murmurhash from 'murmurhash';
import { describe, expect, it } from 'vitest';
import { mix32, murmur3 } from '../../../worker/core/hash.ts';
import { plainMix32 } from './plain-rendezvous.ts';

const seeds = fc.integer({ min: 0, max: 0xffffffff });

describe('the hash of a text', () => {
  it('[HR1] is MurmurHash3 x86 32 of its UTF-8 bytes, for all texts and seeds', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(texts, seeds, (text, seed) => {
        expect(murmur3(text, seed) >>> 0).toBe(murmurhash.v3(new TextEncoder().encode(text), seed));
      }),
    );
  });

  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ])('[HR1] of %j under seed %i is the published vector', (text, seed, hash) => {
    expect(murmur3(text, seed) >>> 0).toBe(hash);
  });

  it('[HR1] mixes a key as murmur3 ends: a one-to-one map of 32 bits', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(mix32(value) >>> 0).toBe(plainMix32(value));
      }),
    );
  });

  it('[HR1] is a small integer of V8, so never above 2^31', () => {
    fc.assert(
      fc.property(fc.string(), seeds, (text, seed) => {
        expect(murmur3(text, seed)).toBe(murmur3(text, seed) | 0);
      }),
    );
  });
});
