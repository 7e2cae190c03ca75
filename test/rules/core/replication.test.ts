import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  adopted,
  applied,
  cutAt,
  filled,
  isSettled,
  judge,
  nextStep,
  type Position,
  replicaName,
  unreplicated,
} from '../../../worker/core/replication.ts';

type Following = Extract<Position, { kind: 'following' }>;
const following = (seq: number, settledAt = 0, stream = 's'): Following => ({
  kind: 'following',
  stream,
  seq,
  settledAt,
});
const filling = (from: number, bucket: number, stream = 's') =>
  ({ kind: 'filling', stream, from, bucket, settledAt: from }) as const;
const feed = { stream: 's', cut: 10, last: 20 };

describe('the next step to a replica', () => {
  it.each<[string, Position, ReturnType<typeof nextStep>]>([
    ['blank', { kind: 'blank' }, { kind: 'begin', from: 20 }],
    ['of another life of the shard', following(15, 0, 'other'), { kind: 'begin', from: 20 }],
    ['behind the cut', following(9), { kind: 'begin', from: 20 }],
    ['ahead of the shard', following(21), { kind: 'begin', from: 20 }],
    ['at the cut', following(10), { kind: 'append', after: 10 }],
    ['in the log', following(15), { kind: 'append', after: 15 }],
    ['half filled', filling(12, 7), { kind: 'fill', from: 12, bucket: 7 }],
    ['half filled, the log cut meanwhile', filling(9, 7), { kind: 'begin', from: 20 }],
  ])('[RP10] %s', (_name, position, step) => {
    expect(nextStep(position, feed)).toEqual(step);
  });
});

describe('what a replica does with rows', () => {
  it('[RP3] takes the next, knows the old, and calls all else a gap', () => {
    const rows = { stream: 's', after: 5, upTo: 8, last: 8 };
    expect([4, 5, 6, 8, 9].map((seq) => judge(following(seq), rows))).toEqual([
      'gap',
      'apply',
      'apply',
      'known',
      'known',
    ]);
    expect(judge(following(5, 0, 'other'), rows)).toBe('gap');
    expect(judge(filling(5, 0), rows)).toBe('gap');
  });

  it('[RP11] after rows whose states were gone it is not whole until it has what replaced them', () => {
    const holed = applied(following(5), { stream: 's', after: 5, upTo: 6, last: 9 }, 'with holes');
    expect([holed.seq, isSettled(holed)]).toEqual([6, false]);
    const next = applied(holed, { stream: 's', after: 6, upTo: 9, last: 12 }, 'whole');
    expect([next.seq, isSettled(next)]).toEqual([9, true]);
  });

  it('[RP11] pages of several moments are not whole until the log has come as far as the last of them', () => {
    const first = filled(filling(5, 0), { stream: 's', from: 5, bucket: 0, next: 9, last: 6 }, 256);
    expect(first).toMatchObject({ kind: 'filling', bucket: 9 });
    if (first === 'gap') throw new Error('the first pages did not fit');
    expect(filled(first, { stream: 's', from: 5, bucket: 0, next: 9, last: 6 }, 256)).toBe('gap');
    const all = filled(first, { stream: 's', from: 5, bucket: 9, next: 256, last: 8 }, 256);
    expect(all).toEqual(following(5, 8));
    expect(all !== 'gap' && isSettled(all)).toBe(false);
  });

  it('[RP3] for every order of stretches, lost and repeated, what is applied is the log without a hole', () => {
    const stretches = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 5 })), { maxLength: 60 });
    const property = fc.property(stretches, (sent) => {
      let position = following(0);
      const log: number[] = [];
      for (const [after, length] of sent) {
        const rows = { stream: 's', after, upTo: after + length, last: 30 };
        if (judge(position, rows) !== 'apply') continue;
        for (let seq = position.seq + 1; seq <= rows.upTo; seq++) log.push(seq);
        position = applied(position, rows, 'whole');
      }
      return log.every((seq, index) => seq === index + 1) && log.length === position.seq;
    });
    expect(fc.check(property, { numRuns: 300 })).toMatchObject({ failed: false });
  });
});

describe('the backlog', () => {
  const kept = Array.from({ length: 10 }, (_, index) => ({ seq: 10 - index, bytes: 100 }));
  const most = { rows: 100, bytes: 10_000 };

  it('[RP6] is what a replica lacks and what is in no page yet', () => {
    expect(cutAt(8, [6, 9], kept, most)).toBe(6);
    expect(cutAt(8, [10, 9], kept, most)).toBe(8);
    expect(cutAt(8, [0], kept, most)).toBe(0);
  });

  it('[RP6] is bounded in rows and bytes, but never takes what is in no page', () => {
    expect(cutAt(8, [0], kept, { ...most, rows: 4 })).toBe(6);
    expect(cutAt(8, [0], kept, { ...most, bytes: 450 })).toBe(6);
    expect(cutAt(3, [0], kept, { ...most, rows: 4 })).toBe(3);
  });
});

describe('where replicas are', () => {
  it('[RP9] of two configurations the younger one counts, of equally young ones the last', () => {
    const at = (revision: number, region: string) => ({
      ...unreplicated,
      revision,
      places: [{ region, jurisdiction: '' }],
    });
    expect(adopted(at(5, 'weur'), at(4, 'enam'))).toEqual(at(5, 'weur'));
    expect(adopted(at(5, 'weur'), at(5, 'enam'))).toEqual(at(5, 'enam'));
  });

  it('[RP9] another region is another replica', () => {
    const names = [
      { region: '', jurisdiction: '' },
      { region: 'weur', jurisdiction: '' },
    ].map((place, index) => replicaName('shop:xx00001', place, index));
    expect(names).toEqual(['shop:xx00001:1', 'shop:xx00001:2-weur']);
  });
});
