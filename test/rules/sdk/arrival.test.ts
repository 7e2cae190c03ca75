import { describe, expect, it } from 'vitest';
import { type ArrivalFacts, type ArrivalStep, decideArrival } from '../../../sdk/arrival.ts';
import { makeCopy } from '../../../sdk/copies.ts';

const state = new TextEncoder().encode('s');
const copyAt = (epoch: number) => makeCopy('id', { epoch, version: 5, state }, 0);
const nothing = { kind: 'nothing' } as const;
const fresh = { kind: 'new' } as const;
const sent = { kind: 'state', version: 7, state } as const;
const readOnly = { kind: 'read-only', ageS: 9, version: 7, state } as const;

type Row = [rule: string, facts: Omit<ArrivalFacts, 'epoch'>, kind: ArrivalStep['kind']];

/** Contract section 3 at epoch 3. */
const TABLE: Row[] = [
  ['1: ended here', { mark: 'ended', copy: undefined, offer: nothing }, 'need'],
  ['1: ended here, though there is a copy', { mark: 'ended', copy: copyAt(3), offer: nothing }, 'need'],
  ['1: ended here, though a state came', { mark: 'ended', copy: undefined, offer: sent }, 'need'],
  ['1: ended here, though it may only be read', { mark: 'ended', copy: undefined, offer: readOnly }, 'need'],
  ['2: an older copy', { mark: 'none', copy: copyAt(2), offer: nothing }, 'drop'],
  ['2: an older copy and a state', { mark: 'none', copy: copyAt(2), offer: sent }, 'drop'],
  ['3: the copy of this epoch', { mark: 'none', copy: copyAt(3), offer: nothing }, 'serve'],
  ['3: a newer copy', { mark: 'none', copy: copyAt(4), offer: nothing }, 'serve'],
  ['3: a newer copy and an older state', { mark: 'none', copy: copyAt(4), offer: sent }, 'serve'],
  ['3: a copy though nothing should exist', { mark: 'none', copy: copyAt(3), offer: fresh }, 'serve'],
  ['4: new', { mark: 'none', copy: undefined, offer: fresh }, 'load'],
  ['4: a state', { mark: 'none', copy: undefined, offer: sent }, 'load'],
  ['5: nothing', { mark: 'none', copy: undefined, offer: nothing }, 'claim'],
  ['read-only beside a copy', { mark: 'none', copy: copyAt(3), offer: readOnly }, 'read-only'],
];

describe('the arrival rules', () => {
  for (const [rule, facts, kind] of TABLE) {
    it(`[SD4] ${rule} → ${kind}`, () => expect(decideArrival({ epoch: 3, ...facts }).kind).toBe(kind));
  }

  it('[SD4] new is version 0 without a state', () => {
    const step = decideArrival({ epoch: 3, mark: 'none', copy: undefined, offer: fresh });
    expect(step).toEqual({ kind: 'load', version: 0, state: new Uint8Array(0) });
  });
});
