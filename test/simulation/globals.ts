import { createHmac, timingSafeEqual } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';

/** What the product's code finds in place of the platform's own. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  fetch(url: string, init: RequestInit): Promise<Response>;
  readonly cache: {
    match(url: string): Promise<Response | undefined>;
    put(url: string, response: Response): Promise<void>;
  };
}

type Key = { readonly raw: Uint8Array };

/** Clock, timers, chance and I/O of this Node process become the simulated world's, until the returned function is called. */
export function replaceGlobals({ scheduler, chance, fetch, cache }: Surroundings): () => void {
  const say = (...words: unknown[]) =>
    scheduler.note(`${scheduler.current.name} says: ${words.map(String).join(' ')}`);
  const undo = [
    replace(Date, 'now', () => scheduler.now),
    replace(Math, 'random', () => chance.next()),
    replace(AbortSignal, 'timeout', (ms: number) => abortedAfter(ms, scheduler)),
    // What workerd's answers have besides: no upgrade.
    replace(Response.prototype, 'webSocket', null),
    replace(console, 'error', say),
    replace(console, 'warn', say),
    replace(console, 'log', say),
    replace(globalThis, 'fetch', fetch),
    replace(globalThis, 'caches', { default: cache }),
    replace(globalThis, 'crypto', cryptoOf(chance)),
    replace(globalThis, 'CompressionStream', zipper(gzipSync)),
    replace(globalThis, 'DecompressionStream', zipper(gunzipSync)),
    replace(globalThis, 'setTimeout', (run: () => void, ms = 0) =>
      scheduler.after(ms, scheduler.current, run),
    ),
    replace(globalThis, 'clearTimeout', (cancel: (() => void) | undefined) => cancel?.()),
  ];
  return () => {
    for (const restore of undo.toReversed()) restore();
  };
}

function replace(holder: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(holder, name);
  Object.defineProperty(holder, name, { value, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(holder, name);
    else Object.defineProperty(holder, name, before);
  };
}

function abortedAfter(ms: number, scheduler: Scheduler): AbortSignal {
  const controller = new AbortController();
  scheduler.after(ms, scheduler.current, () => controller.abort());
  return controller.signal;
}

/** Gzip that answers at once: Node's own takes a thread, and the time that it wants. */
function zipper(zip: (bytes: Uint8Array) => Uint8Array) {
  return class extends TransformStream<Uint8Array, Uint8Array> {
    constructor() {
      const parts: Uint8Array[] = [];
      super({
        transform: (part) => void parts.push(part),
        flush: (controller) => controller.enqueue(new Uint8Array(zip(Buffer.concat(parts)))),
      });
    }
  };
}

/** HMAC-SHA-256 that answers at once, and random bytes from the seed. All that the product asks of WebCrypto. */
function cryptoOf(chance: Chance) {
  const mac = ({ raw }: Key, data: Uint8Array) => createHmac('sha256', raw).update(data).digest();
  return {
    getRandomValues(bytes: Uint8Array) {
      bytes.set(chance.bytes(bytes.length));
      return bytes;
    },
    randomUUID: () => Buffer.from(chance.bytes(16)).toString('hex'),
    subtle: {
      importKey: async (_format: string, raw: Uint8Array): Promise<Key> => ({ raw: raw.slice() }),
      sign: async (_name: string, key: Key, data: Uint8Array) => new Uint8Array(mac(key, data)).buffer,
      verify: async (_name: string, key: Key, given: Uint8Array, data: Uint8Array) =>
        given.length === 32 && timingSafeEqual(mac(key, data), given),
    },
  };
}
