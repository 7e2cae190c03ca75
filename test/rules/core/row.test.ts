import { describe, expect, it } from 'vitest';
import { instanceId, originId } from '../../../worker/core/ids.ts';
import { current, type Slot } from '../../../worker/core/row.ts';

const row = {
  home: originId('a'),
  instance: instanceId(''),
  epoch: 1,
  version: 2,
  claimedBy: '',
  expiresAt: 100,
  endsAt: 200,
};

describe('the slot as of now', () => {
  it('[FN16] a row that has been idle for too long is none, whether a sweep has run or not', () => {
    const slot: Slot = { kind: 'row', row };
    expect(current(slot, 99)).toBe(slot);
    expect(current(slot, 100)).toEqual({ kind: 'none' });
  });

  it('[FN16] a row ends at its absolute limit, whatever its expiry says', () => {
    const slot: Slot = { kind: 'row', row: { ...row, expiresAt: 900 } };
    expect(current(slot, 199)).toBe(slot);
    expect(current(slot, 200)).toEqual({ kind: 'none' });
  });

  it('[FN16] the mark of an ended session stays until the absolute limit', () => {
    const slot: Slot = { kind: 'ended', endsAt: 200 };
    expect(current(slot, 199)).toBe(slot);
    expect(current(slot, 200)).toEqual({ kind: 'none' });
    expect(current({ kind: 'none' }, 0)).toEqual({ kind: 'none' });
  });
});
