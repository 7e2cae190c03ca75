import { describe, expect, it } from 'vitest';
import { Lru } from '../../../worker/core/lru.ts';

describe('what an isolate remembers', () => {
  it('[CH13] is the most recently used entries, by number', () => {
    const lru = new Lru<number>(2);
    lru.set('a', 1);
    lru.set('b', 2);
    lru.get('a');
    lru.set('c', 3);
    expect([lru.peek('a'), lru.peek('b'), lru.peek('c'), lru.size]).toEqual([1, undefined, 3, 2]);
  });

  it('[CH13] is not made more recent by a look', () => {
    const lru = new Lru<number>(2);
    lru.set('a', 1);
    lru.set('b', 2);
    lru.peek('a');
    lru.set('c', 3);
    expect([lru.peek('a'), lru.peek('b')]).toEqual([undefined, 2]);
  });

  it('[CH13] set again is replaced, and can be forgotten', () => {
    const lru = new Lru<number>(2);
    lru.set('a', 1);
    lru.set('a', 2);
    expect([lru.get('a'), lru.size]).toEqual([2, 1]);
    lru.delete('a');
    expect(lru.get('a')).toBeUndefined();
  });
});
