import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  makeSessionId,
  parseSessionId,
  randomBitsOf,
  sessionIdBytes,
  shardKey,
  shardOf,
} from '../../../worker/core/session-id.ts';

const addresses = fc.record({
  region: fc.stringMatching(/^[a-z0-9]{2}$/),
  generation: fc.integer({ min: 0, max: 1295 }),
  number: fc.integer({ min: 0, max: 4095 }),
});
const random = fc.uint8Array({ minLength: sessionIdBytes, maxLength: sessionIdBytes });

describe('a session id', () => {
  it('[SI1] names its shard in its first seven characters, for all addresses and randomness', () => {
    fc.assert(
      fc.property(addresses, random, (address, bytes) => {
        const session = makeSessionId(address, bytes);
        expect(session).toMatch(/^[0-9a-z]{7}[\w-]{22}$/);
        expect(shardOf(session)).toBe(shardKey(address));
        expect(parseSessionId(session)).toBe(session);
      }),
    );
  });

  it.each([
    ['empty', ''],
    ['cut short', 'xx00003AQEBAQEBAQEBAQEBAQEB'],
    ['one character too long', 'xx00003AQEBAQEBAQEBAQEBAQEBAQA'],
    ['with a region in capitals', 'XX00003AQEBAQEBAQEBAQEBAQEBAQ'],
    ['with a path in it', 'xx00003AQEBAQEBAQEB/../AQEBAQ'],
    ['with a line feed behind it', 'xx00003AQEBAQEBAQEBAQEBAQEBAQ\n'],
  ])('[SI2] %s is none', (_what, text) => {
    expect(parseSessionId(text)).toBeUndefined();
  });

  it('[SI3] gives 32 bits of its randomness, each of which varies', () => {
    let [anyOne, anyZero] = [0, 0];
    fc.assert(
      fc.property(random, (bytes) => {
        const bits = randomBitsOf(makeSessionId({ region: 'xx', generation: 0, number: 0 }, bytes));
        expect(bits).toBe(bits | 0);
        anyOne |= bits;
        anyZero |= ~bits;
      }),
    );
    expect([anyOne, anyZero]).toEqual([-1, -1]);
  });
});
