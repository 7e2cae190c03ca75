import { describe, expect, it } from 'vitest';
import { createConnects } from '../../../worker/stores/connects.ts';
import type { OpenSocket } from '../../../worker/stores/redis/redis-tcp.ts';
import { manualClock } from '../manual-clock.ts';
import { a, b, startMs } from '../visit.ts';

const never = new Promise<never>(() => undefined);

function connecting(open: OpenSocket) {
  const timers = manualClock(startMs);
  const wayTo = (origin: string) => (origin === a ? { url: 'http://a.internal:9000/app' } : undefined);
  const connects = createConnects(100, { timers, open, wayTo });
  return { ask: () => timers.through(connects(a)), unknown: () => connects(b), timers };
}

describe('whether a connection opens', () => {
  it('[CT1] it does, at the host and port of the url, and is closed again', async () => {
    const seen: unknown[] = [];
    const { ask } = connecting(async (address) => {
      seen.push(address);
      return {
        readable: new ReadableStream<Uint8Array>(),
        writable: new WritableStream<Uint8Array>(),
        close: async () => void seen.push('closed'),
      };
    });
    expect(await ask()).toBe('opens');
    expect(seen).toEqual([{ host: 'a.internal', port: 9000, tls: false }, 'closed']);
  });

  it('[CT2] it is refused, or does not open in time', async () => {
    expect(await connecting(() => Promise.reject(new Error('refused'))).ask()).toBe('refused');
    const { ask, timers } = connecting(() => never);
    expect([await ask(), timers.now() - startMs]).toEqual(['silent', 100]);
  });

  it('[CT2] an origin that is in the pool no more refuses', async () => {
    expect(await connecting(() => never).unknown()).toBe('refused');
  });
});
