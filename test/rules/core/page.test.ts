import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instanceId, originId } from '../../../worker/core/ids.ts';
import {
  bucketOf,
  buckets,
  decodePage,
  type Entry,
  encodePage,
  encodePages,
  noState,
  type StoredState,
} from '../../../worker/core/page.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';

const session = (random: Uint8Array) => makeSessionId({ region: 'xx', generation: 0, number: 1 }, random);
const sessions = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(session);
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => new Uint8Array(array));
const seals = { seal: fc.string({ unit: 'binary' }), epoch: fc.nat() };
const states: fc.Arbitrary<StoredState> = fc.oneof(
  fc.constant(noState),
  fc.record({ kind: fc.constant('inline' as const), bytes, ...seals }),
  fc.record({ kind: fc.constant('chunked' as const), id: fc.string(), ...seals }),
);
const rows = fc.record({
  home: fc.string().map(originId),
  instance: fc.string().map(instanceId),
  epoch: fc.nat(),
  version: fc.nat(),
  expiresAt: fc.maxSafeNat(),
  endsAt: fc.maxSafeNat(),
  claimedBy: fc.string({ unit: 'grapheme' }),
});
const entries: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    session: sessions,
    slot: fc.record({ kind: fc.constant('row' as const), row: rows }),
    state: states,
  }),
  fc.record({
    session: sessions,
    slot: fc.record({ kind: fc.constant('ended' as const), endsAt: fc.maxSafeNat() }),
    state: fc.constant(noState),
  }),
);

const sample: Entry = {
  session: session(new Uint8Array(16)),
  slot: { kind: 'ended', endsAt: 5 },
  state: noState,
};

describe('a page', () => {
  it('[SS8] gives back every entry that was put into it, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.array(entries), (all) => {
        expect(decodePage(encodePage(all))).toEqual(all);
      }),
    );
  });

  it('[SS8] is read from a view as well as from a buffer of its own', () => {
    const page = encodePage([sample]);
    const within = new Uint8Array(page.length + 10);
    within.set(page, 7);
    expect(decodePage(within.subarray(7, 7 + page.length))).toEqual([sample]);
    expect(decodePage(page.buffer)).toEqual([sample]);
  });

  it('[SS8] that would grow too large becomes several, in order', () => {
    fc.assert(
      fc.property(fc.array(entries), fc.integer({ min: 600, max: 5_000 }), (all, bytesMax) => {
        const pages = encodePages(all, bytesMax);
        expect(pages.flatMap(decodePage)).toEqual(all);
        for (const page of pages) expect(page.length <= bytesMax || decodePage(page).length === 1).toBe(true);
      }),
    );
  });

  it('[SS9] that is not one is an error that names what was found', () => {
    const page = encodePage([sample]);
    const withHeader = (text: string) => {
      const header = new TextEncoder().encode(text);
      return Uint8Array.from([1, 0, 0, 0, header.length, ...header, 0, 0, 0, 0]);
    };
    const read = (body: Uint8Array<ArrayBuffer>) => () => decodePage(body);
    expect(read(new Uint8Array(0))).toThrow('at byte 0: wanted format 1, found nothing');
    expect(read(Uint8Array.of(2))).toThrow('at byte 0: wanted format 1, found 2');
    expect(read(page.subarray(0, 3))).toThrow('at byte 1: wanted the length of a header, found 2 bytes');
    expect(read(page.subarray(0, 20))).toThrow(/at byte 1: wanted a header of \d+ bytes, found 15 bytes/);
    expect(read(page.subarray(0, page.length - 2))).toThrow('wanted the length of a state, found 2 bytes');
    expect(read(withHeader('{oops'))).toThrow('at byte 1: wanted a header in JSON, found {oops');
    expect(read(withHeader('["a",true]'))).toThrow('wanted the fields of an entry, found ["a",true]');
    expect(read(withHeader('["a",1]'))).toThrow('wanted a session id, found a');
    expect(read(Uint8Array.of(1, 0, 0, 0, 1, 0xff, 0, 0, 0, 0))).toThrow(
      'wanted a header in UTF-8, found 1 other bytes',
    );
  });

  it('[SS9] cut off anywhere is never read as a shorter one, except between two entries', () => {
    const page = encodePage([sample, sample]);
    const half = (page.length - 1) / 2 + 1;
    const lengths = Array.from({ length: page.length }, (_, length) => length).filter(
      (length) => length > 1 && length !== half,
    );
    for (const length of lengths)
      expect(() => decodePage(page.slice(0, length))).toThrow('Cannot read the page');
  });
});

describe('the bucket of a session', () => {
  it('[SS19] is one of 256, and sessions spread over all of them evenly', () => {
    const counts = new Array<number>(buckets).fill(0);
    for (let number = 0; number < 25_600; number++) {
      const random = new Uint8Array(16);
      new DataView(random.buffer).setUint32(0, Math.imul(number, 0x9e3779b1));
      const bucket = bucketOf(session(random));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeLessThan(160);
  });
});
