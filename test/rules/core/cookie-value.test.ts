import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CookieClaims,
  cookieValueMax,
  decodeCookie,
  encodeClaims,
  expired,
  renewalDue,
} from '../../../worker/core/cookie-value.ts';
import { sessionNo, startMs, startS } from '../visit.ts';

const minute = 60_000;
const numbers = fc.integer({ min: 0, max: 0xffffffff });
const claims: fc.Arbitrary<CookieClaims> = fc.record({
  session: fc.integer({ min: 0, max: 255 }).map(sessionNo),
  homeTag: fc.stringMatching(/^[\w-]{8}$/),
  epoch: numbers,
  incarnation: numbers,
  startedS: numbers,
  renewedS: numbers,
});
const mac = 'A'.repeat(22);

describe('a cookie value', () => {
  it('[CV1] read gives the claims that were written, and what was signed, for all claims', () => {
    fc.assert(
      fc.property(claims, (written) => {
        const text = encodeClaims(written);
        expect(decodeCookie(`${text}.${mac}`)).toEqual({ claims: written, signed: text, mac });
        expect(`${text}.${mac}`.length).toBeLessThanOrEqual(cookieValueMax);
      }),
    );
  });

  const good = `1.${sessionNo(1)}.home-tag.0.0.s.s.${mac}`;

  it.each([
    ['empty', ''],
    ['of another version', good.replace('1.', '2.')],
    ['with a part too many', `${good}.x`],
    ['with a part too few', good.slice(0, good.lastIndexOf('.'))],
    ['with a mac of another length', good.slice(0, -1)],
    ['without a session', good.replace(sessionNo(1), 'nobody')],
    ['with a home tag of another length', good.replace('home-tag', 'home')],
    ['with a number in capitals', good.replace('.s.s.', '.S.s.')],
    ['with a negative number', good.replace('.s.s.', '.-1.s.')],
    ['with an empty number', good.replace('.s.s.', '..s.')],
    ['with a number beyond whole numbers', good.replace('.s.s.', `.${'z'.repeat(11)}.s.`)],
  ])('[CV2] %s is none', (_what, value) => {
    expect(decodeCookie(good)).toBeDefined();
    expect(decodeCookie(value)).toBeUndefined();
  });

  it('[CV2] made of anything at all never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.string(), { maxLength: 12 }).map((parts) => parts.join('.')),
        ),
        (value) => {
          expect(() => decodeCookie(value)).not.toThrow();
        },
      ),
    );
  });
});

describe('the limits of a cookie', () => {
  const limits = { idleMs: 30 * minute, absoluteMs: 720 * minute };
  const renewedLater = { startedS: startS, renewedS: startS + 700 * 60 };

  it.each([
    [
      'is alive to the last millisecond of its idle time',
      { startedS: startS, renewedS: startS },
      30 * minute - 1,
      false,
    ],
    ['ends with its idle time', { startedS: startS, renewedS: startS }, 30 * minute, true],
    ['is alive to the last millisecond of its absolute time', renewedLater, 720 * minute - 1, false],
    ['ends with its absolute time, however lately it was renewed', renewedLater, 720 * minute, true],
  ])('[CV3] it %s', (_what, times, afterMs, isOver) => {
    expect(expired(times, startMs + afterMs, limits)).toBe(isOver);
  });

  it.each([
    ['a quarter of a long idle time', 40 * minute, 10 * minute],
    ['a minute, where a quarter of the idle time is less', 2 * minute, minute],
  ])('[CV4] a renewal is due after %s, not before', (_what, idleMs, dueMs) => {
    const due = (afterMs: number) =>
      renewalDue({ renewedS: startS }, startMs + afterMs, { idleMs, absoluteMs: 720 * minute });
    expect([due(dueMs - 1), due(dueMs)]).toEqual([false, true]);
  });
});
