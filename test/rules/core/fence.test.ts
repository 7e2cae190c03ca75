import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Claim,
  type Claimed,
  claim,
  type Ended,
  end,
  type Located,
  type Put,
  type PutSaid,
  put,
  renew,
  rotate,
  type Verdict,
} from '../../../worker/core/fence.ts';
import { instanceId, noInstance, originId } from '../../../worker/core/ids.ts';
import type { Row, Slot } from '../../../worker/core/row.ts';

const [a, b] = [originId('a'), originId('b')];
const [one, two] = [instanceId('instance-one-0001'), instanceId('instance-two-0002')];
const limits = { expiresAt: 1_000, endsAt: 9_000 };
const assumed = { home: a, epoch: 0 };
const row: Row = { home: a, instance: one, epoch: 3, version: 5, claimedBy: 'first', ...limits };
const held: Slot = { kind: 'row', row };
const none: Slot = { kind: 'none' };
const ended: Slot = { kind: 'ended', endsAt: 9_000 };

const toMove: Claim = {
  by: 'edge',
  expected: 3,
  home: b,
  instance: noInstance,
  nonce: 'n1',
  uncopied: 'keep',
  assumed,
  limits,
};
const toStore: Put = { home: a, instance: one, epoch: 3, version: 6, assumed, limits };

describe('a claim', () => {
  it('[FN1] raises the epoch by one, and nothing else does', () => {
    expect(claim(held, toMove).answer).toMatchObject({
      kind: 'claimed',
      row: { home: b, epoch: 4, version: 5 },
    });
    expect(put(held, toStore).answer).toMatchObject({ kind: 'stored', row: { epoch: 3 } });
    expect(renew(held, { assumed, limits }).answer).toMatchObject({ row: { epoch: 3 } });
  });

  it('[FN2] of another epoch than the row has changes nothing and gets the row', () => {
    for (const expected of [2, 4])
      expect(claim(held, { ...toMove, expected })).toEqual({ answer: { kind: 'row', row } });
  });

  it('[FN3] repeated under its nonce gives the same epoch and changes nothing', () => {
    const first = claim(held, toMove);
    const again = claim(first.next ?? none, toMove);
    expect(again).toEqual({ answer: first.answer });
    expect(claim(first.next ?? none, { ...toMove, nonce: 'n2' }).answer.kind).toBe('row');
  });

  it('[FN4] by an origin is for sessions that it is the home of', () => {
    expect(claim(held, { ...toMove, by: 'origin' })).toEqual({ answer: { kind: 'row', row } });
    const own = claim(held, { ...toMove, by: 'origin', home: a, instance: two });
    expect(own.answer).toMatchObject({ kind: 'claimed', row: { home: a, instance: two, epoch: 4 } });
  });

  it('[FN5] does not move a session of which nothing is stored, unless it must', () => {
    const uncopied: Slot = { kind: 'row', row: { ...row, version: 0 } };
    expect(claim(uncopied, toMove)).toEqual({ answer: { kind: 'uncopied', row: { ...row, version: 0 } } });
    expect(claim(uncopied, { ...toMove, uncopied: 'move' }).answer.kind).toBe('claimed');
    expect(claim(uncopied, { ...toMove, home: a }).answer.kind).toBe('claimed');
  });

  it('[FN6] of an edge leaves the instance open, and the first put that names one fixes it', () => {
    const open = claim(held, toMove).next ?? none;
    const first = put(open, { ...toStore, home: b, epoch: 4, instance: two });
    expect(first.answer).toMatchObject({ kind: 'stored', row: { instance: two } });
    expect(put(first.next ?? none, { ...toStore, home: b, epoch: 4, version: 7 }).answer.kind).toBe('fenced');
  });

  it('[FN11] by another home, or by another instance of the same one, raises the incarnation of the home that was left', () => {
    expect(claim(held, toMove).raise).toBe(a);
    expect(claim(held, { ...toMove, by: 'origin', home: a, instance: two }).raise).toBe(a);
    expect(claim(held, { ...toMove, by: 'origin', home: a, instance: one }).raise).toBeUndefined();
  });
});

describe('a put', () => {
  it('[FN7] is stored only when epoch, home and instance are those of the row and the version is newer', () => {
    expect(put(held, toStore).next).toEqual({ kind: 'row', row: { ...row, version: 6 } });
    expect(put(held, { ...toStore, version: 9 }).answer.kind).toBe('stored');
  });

  it('[FN8] that was overtaken by a newer one of its own instance is superseded and changes nothing', () => {
    for (const version of [4, 5])
      expect(put(held, { ...toStore, version })).toEqual({ answer: { kind: 'superseded', row } });
  });

  it('[FN9] of another epoch, home or instance is fenced, changes nothing and gets the row', () => {
    for (const wrong of [{ epoch: 2 }, { epoch: 4 }, { home: b }, { instance: two }]) {
      expect(put(held, { ...toStore, ...wrong })).toEqual({ answer: { kind: 'fenced', row } });
    }
  });

  it('[FN9] that is no newer than what was handed over to an open instance is fenced', () => {
    const open: Slot = { kind: 'row', row: { ...row, instance: noInstance } };
    expect(put(open, { ...toStore, version: 5 }).answer.kind).toBe('fenced');
  });
});

describe('no row', () => {
  it('[FN10] is a row: the assumed home and epoch, no instance, nothing stored', () => {
    const wish = { assumed: { home: a, epoch: 2 }, limits };
    expect(put(none, { ...toStore, ...wish, epoch: 2, version: 1 }).answer).toMatchObject({
      kind: 'stored',
      row: { epoch: 2, instance: one },
    });
    expect(put(none, { ...toStore, ...wish, epoch: 0, version: 1 }).answer.kind).toBe('fenced');
    expect(claim(none, { ...toMove, ...wish, expected: 2 }).answer.kind).toBe('uncopied');
    expect(claim(none, { ...toMove, ...wish, expected: 2, uncopied: 'move' })).toMatchObject({
      answer: { row: { epoch: 3 } },
      raise: a,
    });
  });
});

describe('a renewal', () => {
  it('[FN12] confirms home and epoch, moves the expiry on, never past the absolute limit, and writes a missing row', () => {
    expect(
      renew(held, { assumed: { home: b, epoch: 0 }, limits: { expiresAt: 2_000, endsAt: 99_000 } }).answer,
    ).toEqual({
      kind: 'row',
      row: { ...row, expiresAt: 2_000 },
    });
    expect(renew(held, { assumed, limits: { expiresAt: 99_000, endsAt: 99_000 } }).answer).toMatchObject({
      row: { expiresAt: 9_000 },
    });
    expect(renew(held, { assumed, limits: { expiresAt: 500, endsAt: 9_000 } }).answer).toMatchObject({
      row: { expiresAt: 1_000 },
    });
    expect(renew(none, { assumed, limits }).next).toMatchObject({
      kind: 'row',
      row: { home: a, epoch: 0, version: 0 },
    });
  });
});

describe('an end', () => {
  it('[FN13] ignores epochs, leaves a mark, and nothing brings the session back', () => {
    for (const slot of [held, none])
      expect(end(slot, { home: b, instance: two, endsAt: 9_000 }).next).toEqual(ended);
    for (const verdict of [
      claim(ended, toMove),
      put(ended, toStore),
      renew(ended, { assumed, limits }),
      rotate(ended, toStore),
    ]) {
      expect(verdict).toEqual({ answer: { kind: 'ended' } });
    }
    expect(end(ended, { home: a, instance: one, endsAt: 99_000 }).next).toBeUndefined();
  });

  it('[FN14] by another than the home and instance of the row raises the incarnation of its home', () => {
    expect(end(held, { home: a, instance: one, endsAt: 9_000 }).raise).toBeUndefined();
    expect(end(held, { home: b, instance: one, endsAt: 9_000 }).raise).toBe(a);
    expect(end(held, { home: a, instance: two, endsAt: 9_000 }).raise).toBe(a);
  });
});

describe('a rotation', () => {
  it('[FN15] passes the fence of a put, ends the old id and begins the new one at epoch 1 with the same home and version', () => {
    expect(rotate(held, toStore)).toEqual({
      answer: { kind: 'rotated', row: { ...row, version: 6, epoch: 1, claimedBy: '' } },
      next: { kind: 'ended', endsAt: 9_000 },
    });
    expect(rotate(held, { ...toStore, instance: two })).toEqual({ answer: { kind: 'fenced', row } });
  });
});

describe('whatever happens, in whatever order', () => {
  const place = {
    home: fc.constantFrom(a, b),
    instance: fc.constantFrom(one, two),
    limits: fc.constant(limits),
  };
  const claims = fc.record({
    op: fc.constant('claim' as const),
    ...place,
    by: fc.constantFrom('edge' as const, 'origin' as const),
    instance: fc.constantFrom(noInstance, one, two),
    expected: fc.nat(6),
    nonce: fc.constantFrom('x', 'y', 'z'),
    uncopied: fc.constantFrom('keep' as const, 'move' as const),
    assumed: fc.constant(assumed),
  });
  const puts = fc.record({
    op: fc.constant('put' as const),
    ...place,
    epoch: fc.nat(6),
    version: fc.nat(9),
    assumed: fc.constant(assumed),
  });
  const renewals = fc.record({
    op: fc.constant('renew' as const),
    assumed: fc.constant(assumed),
    limits: fc.constant(limits),
  });
  const ends = fc.record({
    op: fc.constant('end' as const),
    home: place.home,
    instance: place.instance,
    endsAt: fc.constant(9_000),
  });
  const operations = fc.array(
    fc.oneof({ weight: 5, arbitrary: fc.oneof(claims, puts, renewals) }, { weight: 1, arbitrary: ends }),
    { maxLength: 40 },
  );
  type Operation = typeof operations extends fc.Arbitrary<(infer One)[]> ? One : never;

  type Decided = Verdict<Claimed | PutSaid | Located | Ended>;
  const decided = (slot: Slot, operation: Operation): Decided => {
    if (operation.op === 'claim') return claim(slot, operation);
    if (operation.op === 'put') return put(slot, operation);
    return operation.op === 'renew' ? renew(slot, operation) : end(slot, operation);
  };
  const orderOf = (slot: Slot) =>
    slot.kind === 'row' ? slot.row.epoch * 100 + slot.row.version : slot.kind === 'none' ? 0 : 1e9;

  it('[FN17] neither the epoch nor (epoch, version) ever falls, and an ended session stays ended', () => {
    fc.assert(
      fc.property(operations, (sequence) => {
        let slot: Slot = none;
        for (const operation of sequence) {
          const next: Slot = decided(slot, operation).next ?? slot;
          expect(orderOf(next)).toBeGreaterThanOrEqual(orderOf(slot));
          slot = next;
        }
      }),
    );
  });

  it('[FN18] each epoch has one home and one instance that stores', () => {
    fc.assert(
      fc.property(operations, (sequence) => {
        const writers = new Map<number, string>();
        let slot: Slot = none;
        for (const operation of sequence) {
          const { answer, next }: Decided = decided(slot, operation);
          slot = next ?? slot;
          if (operation.op !== 'put' || answer.kind !== 'stored') continue;
          const writer = `${operation.home} ${operation.instance}`;
          writers.set(operation.epoch, writers.get(operation.epoch) ?? writer);
          expect(writers.get(operation.epoch)).toBe(writer);
        }
      }),
    );
  });

  it('[FN19] an epoch is given to one claim only', () => {
    fc.assert(
      fc.property(operations, (sequence) => {
        const given = new Map<number, string>();
        let slot: Slot = none;
        for (const operation of sequence) {
          const { answer, next }: Decided = decided(slot, operation);
          slot = next ?? slot;
          if (operation.op !== 'claim' || answer.kind !== 'claimed') continue;
          const claimer = `${operation.nonce} ${operation.home}`;
          given.set(answer.row.epoch, given.get(answer.row.epoch) ?? claimer);
          expect(given.get(answer.row.epoch)).toBe(claimer);
        }
      }),
    );
  });
});
