import { describe, expect, it } from 'vitest';
import { createCopies } from '../../../sdk/copies.ts';
import { createEndedMarks } from '../../../sdk/ended-marks.ts';

const at = { epoch: 1, version: 0, state: new Uint8Array(0) };

describe('copies', () => {
  it('[SD5] the least recently used goes first', () => {
    const copies = createCopies({ idleMs: 1000, copiesMax: 2, now: () => 0 });
    copies.load('a', at);
    copies.load('b', at);
    copies.get('a');
    copies.load('c', at);
    expect([copies.get('a')?.session, copies.get('b'), copies.get('c')?.session]).toEqual([
      'a',
      undefined,
      'c',
    ]);
  });

  it('[SD5] a copy in use stays, beyond bound and idle time', () => {
    let nowMs = 0;
    const copies = createCopies({ idleMs: 1000, copiesMax: 1, now: () => nowMs });
    copies.load('a', at).inFlight = 1;
    nowMs = 5000;
    copies.load('b', at);
    copies.load('c', at);
    expect([copies.get('a')?.session, copies.get('b')]).toEqual(['a', undefined]);
  });

  it('[SD5] an idle copy goes when another comes', () => {
    let nowMs = 0;
    const copies = createCopies({ idleMs: 1000, copiesMax: 10, now: () => nowMs });
    copies.load('a', at);
    nowMs = 1001;
    copies.load('b', at);
    expect(copies.size).toBe(1);
  });

  it('[SD5] dropping a copy leaves a newer one in its place', () => {
    const copies = createCopies({ idleMs: 1000, copiesMax: 10, now: () => 0 });
    const old = copies.load('a', at);
    const newer = copies.load('a', { ...at, epoch: 2 });
    copies.drop(old);
    expect(copies.get('a')).toBe(newer);
  });
});

it('[SD6] marks are bounded, the newest stay', () => {
  const marks = createEndedMarks(2);
  for (const session of ['a', 'b', 'a', 'c']) marks.add(session);
  expect(['a', 'b', 'c'].map((session) => marks.has(session))).toEqual([true, false, true]);
});
