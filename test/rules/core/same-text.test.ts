import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameText } from '../../../worker/core/same-text.ts';

describe('the comparison of secrets', () => {
  it('[KR13] is that of texts, for all texts, save that nothing equals an empty secret', () => {
    const texts = fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('', 'a', 'ab', 'aa', 'aaa'));
    fc.assert(
      fc.property(texts, texts, (given, expected) => {
        expect(sameText(given, expected)).toBe(given === expected && expected !== '');
      }),
    );
  });
});
