import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodePages, type Entry, mirrorKey, bucketOf } from '../../../worker/core/page.ts';
import { poolName } from '../../../worker/core/ids.ts';
import type { Row } from '../../../worker/core/row.ts';
import { shardOf } from '../../../worker/core/session-id.ts';
import type { Fallback } from '../../../worker/ports.ts';
import { createFallback, type FallbackStore } from '../../../worker/stores/fallback.ts';
import { type ManualClock, manualClock } from '../manual-clock.ts';
import { a, instance, session, sessionNo, startMs } from '../visit.ts';

const shop = poolName('shop');
const bytes = new TextEncoder().encode('{"cart":[1]}');
const row: Row = {
  home: a,
  instance,
  epoch: 3,
  version: 5,
  claimedBy: '',
  expiresAt: startMs + 60_000,
  endsAt: startMs + 90_000,
};
const inline = { kind: 'inline', bytes, seal: 'seal', epoch: 2 } as const;

interface KvEntry {
  readonly value: ArrayBuffer;
  readonly metadata: unknown;
}

let clock: ManualClock;
let kv: Map<string, KvEntry>;
let pages: Map<string, string>;
let isAway: boolean;
let fallback: Fallback;

beforeEach(() => {
  clock = manualClock(startMs);
  kv = new Map();
  pages = new Map();
  isAway = false;
  const found = (key: string): KvEntry | undefined => {
    if (isAway) throw new Error('KV is away');
    return kv.get(key);
  };
  async function getWithMetadata<Metadata>(key: string, type: string) {
    const entry = found(key);
    const value =
      type === 'stream' && entry !== undefined ? new Response(entry.value).body : (entry?.value ?? null);
    return { value, metadata: (entry?.metadata ?? null) as Metadata | null };
  }
  const store: FallbackStore = {
    get: async (key) =>
      (isAway ? found(key) : pages.get(key)) === undefined ? null : (pages.get(key) ?? null),
    getWithMetadata: getWithMetadata as FallbackStore['getWithMetadata'],
    put: async (key, value, { metadata }) => void kv.set(key, { value, metadata }),
  };
  fallback = createFallback(shop, store, { clock, bodyBytesMax: 100 });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const mirror = (entries: Entry[], at = startMs) => {
  const [page] = encodePages(entries, 100_000);
  if (page === undefined) throw new Error('Cannot mirror no entries');
  kv.set(mirrorKey(shop, shardOf(session), bucketOf(session)), {
    value: page.slice().buffer,
    metadata: { at },
  });
};

describe('a kept answer', () => {
  it('[FA1] comes back with its body, its age and the headers that describe it, and no other ones', async () => {
    const headers = {
      'content-type': 'text/css',
      etag: '"1"',
      'set-cookie': 'sid=1',
      'limpet-state': 'secret',
      'cache-control': 'max-age=60',
    };
    await fallback.keepAnswer('shop.example.com/a.css', new Response('body{}', { headers }));
    await clock.pass(7_000);
    const cached = await fallback.answer('shop.example.com/a.css');
    expect(cached?.ageMs).toBe(7_000);
    expect(await cached?.response.text()).toBe('body{}');
    expect(Object.fromEntries(cached?.response.headers ?? [])).toEqual({
      'content-type': 'text/css',
      etag: '"1"',
    });
  });

  it('[FA2] is one pool’s and one target’s', async () => {
    await fallback.keepAnswer('shop.example.com/a', new Response('a'));
    expect([...kv.keys()]).toEqual(['answer:shop:shop.example.com/a']);
    expect(await fallback.answer('shop.example.com/a?page=2')).toBeUndefined();
  });

  it('[FA3] is none where its body is too large, its key too long for KV, or its body breaks off', async () => {
    await fallback.keepAnswer('large', new Response('x'.repeat(101)));
    await fallback.keepAnswer('k'.repeat(500), new Response('fine'));
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new Error('the connection was reset')),
    });
    await expect(fallback.keepAnswer('broken', new Response(broken))).rejects.toThrow(
      'the connection was reset',
    );
    expect(kv.size).toBe(0);
    expect(await fallback.answer('k'.repeat(500))).toBeUndefined();
  });
});

describe('a mirrored session', () => {
  it('[FA4] comes with its row, its sealed state and its age', async () => {
    mirror([{ session, slot: { kind: 'row', row }, state: inline }], startMs - 30_000);
    expect(await fallback.session(session)).toEqual({
      row,
      state: { bytes, seal: 'seal', epoch: 2 },
      ageMs: 30_000,
    });
  });

  it.each<[string, Entry[]]>([
    ['not there', [{ session: sessionNo(2), slot: { kind: 'row', row }, state: inline }]],
    ['ended', [{ session, slot: { kind: 'ended', endsAt: startMs + 1 }, state: { kind: 'none' } }]],
    ['expired', [{ session, slot: { kind: 'row', row: { ...row, expiresAt: startMs } }, state: inline }]],
    ['without a state', [{ session, slot: { kind: 'row', row }, state: { kind: 'none' } }]],
    [
      'too large for the mirror',
      [{ session, slot: { kind: 'row', row }, state: { kind: 'chunked', id: 'c1', seal: 'seal', epoch: 2 } }],
    ],
  ])('[FA5] is none when it is %s', async (_what, entries) => {
    mirror(entries);
    expect(await fallback.session(session)).toBeUndefined();
  });
});

describe('the last layer', () => {
  it('[FA6] the operator’s own page is the pool’s', async () => {
    expect(await fallback.page()).toBeUndefined();
    pages.set('page:shop', '<h1>Closed</h1>');
    expect(await fallback.page()).toBe('<h1>Closed</h1>');
  });

  it('[FA7] KV away, or a page of it that cannot be read, is nothing found, and logged', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    kv.set(mirrorKey(shop, shardOf(session), bucketOf(session)), {
      value: new ArrayBuffer(3),
      metadata: null,
    });
    expect(await fallback.session(session)).toBeUndefined();
    isAway = true;
    expect([await fallback.answer('a'), await fallback.session(session), await fallback.page()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(log).toHaveBeenCalledTimes(4);
  });
});
