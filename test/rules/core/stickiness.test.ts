import { describe, expect, it } from 'vitest';
import { isNavigation, isSharedCacheable, mayBeShared } from '../../../worker/core/stickiness.ts';

const date = 'Thu, 01 Jan 2026 00:00:00 GMT';

describe('a navigation', () => {
  it.each([
    ['a page', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, true],
    ['a client that sends no Sec-Fetch at all', {}, true],
    ['a stylesheet', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'style' }, false],
    ['a fetch of a script', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, false],
    ['a same-origin fetch', { 'sec-fetch-mode': 'same-origin' }, false],
    ['a WebSocket', { 'sec-fetch-mode': 'websocket' }, false],
  ])('[SK1] %s', (_what, headers: Record<string, string>, navigates) => {
    expect(isNavigation(new Headers(headers))).toBe(navigates);
  });
});

describe('what a shared cache may keep', () => {
  it.each([
    ['public', true],
    ['PUBLIC, Max-Age=60', true],
    ['max-age=60', true],
    ['max-age="60"', true],
    ['s-maxage=60', true],
    ['max-age=0, s-maxage=60', true],
    ['s-maxage=60, max-age=0', true],
    ['immutable, max-age=31536000', true],
    ['max-age=0', false],
    ['max-age=0, must-revalidate', false],
    ['private', false],
    ['private, max-age=60', false],
    ['max-age=60, private', false],
    ['Private', false],
    ['no-store', false],
    ['no-cache', false],
    ['public, no-store', false],
    ['no-transform', false],
    ['', false],
    ['x-public', false],
    ['nonpublic=1', false],
  ])('[SK2] Cache-Control: %s', (control, isKept) => {
    expect(isSharedCacheable(new Headers({ 'cache-control': control }))).toBe(isKept);
  });

  it.each([
    ['later than its date', { date, expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }, true],
    ['at its date', { date, expires: date }, false],
    ['earlier than its date', { date, expires: 'Thu, 19 Nov 1981 08:52:00 GMT' }, false],
    ['0, as many servers write it', { date, expires: '0' }, false],
    ['-1', { date, expires: '-1' }, false],
    [
      'overruled by Cache-Control',
      { date, expires: 'Thu, 01 Jan 2026 00:01:00 GMT', 'cache-control': 'private' },
      false,
    ],
    [
      'later, beside a Cache-Control that says nothing of it',
      { date, expires: 'Thu, 01 Jan 2026 00:01:00 GMT', 'cache-control': 'no-transform' },
      true,
    ],
    ['absent, and nothing else said', { date }, false],
  ])('[SK3] Expires %s', (_what, headers: Record<string, string>, isKept) => {
    expect(isSharedCacheable(new Headers(headers))).toBe(isKept);
  });

  it.each(['cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control'])(
    '[SK4] %s is for shared caches alone, and overrules',
    (name) => {
      expect(mayBeShared(new Headers({ [name]: 'max-age=60', 'cache-control': 'private' }))).toBe(true);
      expect(mayBeShared(new Headers({ [name]: 'no-store', 'cache-control': 'public' }))).toBe(false);
      expect(mayBeShared(new Headers({ 'cache-control': 'public' }))).toBe(true);
    },
  );
});
