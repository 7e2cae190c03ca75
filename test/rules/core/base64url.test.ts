import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64url, fromBase64url } from '../../../worker/core/base64url.ts';

describe('base64url', () => {
  it('[CV5] gives back the bytes that were written, for all bytes, as Node does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(fromBase64url(base64url(bytes))).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  it('[CV5] takes a state of a megabyte and a half', () => {
    const bytes = new Uint8Array(1_500_000).fill(7);
    expect(fromBase64url(base64url(bytes))?.length).toBe(bytes.length);
  });

  it.each(['a', 'aaaaa', 'a b', 'ab=', 'ab+', 'ab/', 'ab\n', 'ä'])('[CV6] %j is none', (text) => {
    expect(fromBase64url(text)).toBeUndefined();
  });
});
