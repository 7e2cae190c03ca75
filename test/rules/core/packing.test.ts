import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack, unpack } from '../../../worker/core/packing.ts';

const bytes = (source: Uint8Array | string) =>
  new Uint8Array(typeof source === 'string' ? new TextEncoder().encode(source) : source);

describe('[LS2] a state is packed where that pays', () => {
  it('[LS2] over 1 KiB, and only when it becomes smaller', async () => {
    const text = bytes('a cart of many things, '.repeat(1_000));
    const packed = await pack(text);
    expect(packed.length).toBeLessThan(text.length / 10);
    expect(bytes(gunzipSync(packed))).toEqual(text);
    expect(await pack(text.slice(0, 1_024))).toEqual(text.slice(0, 1_024));
  });

  for (const size of [2_000, 70_000, 1_500_000]) {
    it(`[LS2] ${size} bytes of noise stay as they are`, async () => {
      const noise = bytes(randomBytes(size));
      noise[0] = 1;
      expect(await pack(noise)).toEqual(noise);
    });
  }

  it('[LS2] a state whose beginning alone is noise stays as it is', async () => {
    const mixed = bytes(Buffer.concat([Buffer.of(1), randomBytes(40_000), Buffer.alloc(60_000, 'x')]));
    expect(await pack(mixed)).toEqual(mixed);
  });
});

describe('[LS3] what is packed comes back byte for byte', () => {
  it('[LS3] any bytes', async () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 5_000 }),
      fc.string({ maxLength: 5_000 }).map((text) => bytes(text)),
      fc.uint8Array({ maxLength: 500 }).map((tail) => Uint8Array.of(0x1f, 0x8b, ...tail)),
    );
    await fc.assert(
      fc.asyncProperty(any, async (given) => {
        expect(await unpack(await pack(bytes(given)))).toEqual(bytes(given));
      }),
      { numRuns: 200 },
    );
  });

  it('[LS3] a state that is gzip itself, the origin having packed it, is handed over as gzip', async () => {
    const theirs = bytes(gzipSync('packed by the application'));
    const stored = await pack(theirs);
    expect(stored).not.toEqual(theirs);
    expect(await unpack(stored)).toEqual(theirs);
  });
});
