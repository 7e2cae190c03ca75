import { beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../worker/config/parse.ts';
import { originId } from '../../../worker/core/ids.ts';
import type { Doubt, Fetch } from '../../../worker/ports.ts';
import { createDoubt } from '../../../worker/stores/doubt.ts';
import { type ManualClock, manualClock, turn } from '../manual-clock.ts';
import { a, b } from '../visit.ts';

const timeoutMs = 400;

let clock: ManualClock;
let doubt: Doubt;
/** The probes that went out, each to be answered by the test. */
let probes: {
  url: string;
  signal: AbortSignal | null | undefined;
  answer: (status: number) => void;
  refuse: () => void;
}[];

beforeEach(() => {
  clock = manualClock(0);
  probes = [];
  const { pools } = loadConfig(
    {
      pools: {
        shop: {
          origins: [
            { id: 'a', url: 'http://a.internal/app' },
            { id: 'b', url: 'http://b.internal' },
          ],
          health: { path: '/health' },
          attempts: { doubtTimeoutMs: timeoutMs },
        },
      },
      routes: [{ match: '/*', pool: 'shop' }],
    },
    { production: false },
  );
  const pool = pools['shop'];
  if (pool === undefined) throw new Error('Cannot doubt without a pool');
  const fetch: Fetch = (url, { signal }) =>
    new Promise((resolve, reject) => {
      const answer = (status: number) => resolve(new Response(null, { status }));
      probes.push({ url, signal, answer, refuse: () => reject(new TypeError('connection refused')) });
    });
  doubt = createDoubt(pool, {
    clock,
    timers: clock,
    waitUntil: () => undefined,
    runtime: 'local',
    wayTo: (id) => {
      const url = pool.origins.find((origin) => origin.id === id)?.url;
      return url === undefined ? undefined : { url, fetch };
    },
  });
});

const probe = (at = 0) => {
  const found = probes[at];
  if (found === undefined) throw new Error(`Cannot answer probe ${at} as only ${probes.length} went out`);
  return found;
};

describe('a probe of doubt', () => {
  it.each([200, 204, 302, 404, 500, 503])(
    '[DB1] that is answered with %i says that the origin lives',
    async (status) => {
      const verdict = doubt(a);
      probe().answer(status);
      expect(await verdict).toBe('answers');
      expect(probe().url).toBe('http://a.internal/app/health');
    },
  );

  it.each([520, 521, 522, 523, 525, 530])(
    '[DB2] that Cloudflare answers with %i says that the origin refuses',
    async (status) => {
      const verdict = doubt(a);
      probe().answer(status);
      expect(await verdict).toBe('refuses');
    },
  );

  it('[DB2] whose connection fails says that the origin refuses, and so does one to an origin that is not in the pool', async () => {
    const verdict = doubt(a);
    probe().refuse();
    expect(await verdict).toBe('refuses');
    expect(await doubt(originId('nowhere'))).toBe('refuses');
  });

  it('[DB3] that gets no answer in time says that the origin is silent, and is called off', async () => {
    const verdict = doubt(a);
    await clock.pass(timeoutMs - 1);
    expect(probe().signal?.aborted).toBe(false);
    await clock.pass(1);
    expect(await verdict).toBe('silent');
    expect(probe().signal?.aborted).toBe(true);
  });

  it('[DB4] runs once at a time per origin: whoever doubts meanwhile gets what it finds', async () => {
    const verdicts = [doubt(a), doubt(a), doubt(a)];
    doubt(b);
    expect(probes.map(({ url }) => new URL(url).hostname)).toEqual(['a.internal', 'b.internal']);
    probe().refuse();
    await clock.pass(20);
    expect(await Promise.all(verdicts)).toEqual(['refuses', 'refuses', 'refuses']);
  });

  it('[DB4] that is silent is silent for those who joined it late, too', async () => {
    const first = doubt(a);
    await clock.pass(timeoutMs - 50);
    const late = doubt(a);
    await clock.pass(60);
    expect(await Promise.all([first, late])).toEqual(['silent', 'silent']);
    expect(probes).toHaveLength(1);
  });

  it('[DB5] holds for a tenth of a second; then the origin is asked anew', async () => {
    const first = doubt(a);
    probe().refuse();
    await first;
    await clock.pass(100);
    expect(await doubt(a)).toBe('refuses');
    expect(probes).toHaveLength(1);
    await clock.pass(1);
    const second = doubt(a);
    probe(1).answer(200);
    expect(await second).toBe('answers');
  });

  it('[DB5] leaves no timer behind once it is answered', async () => {
    const verdict = doubt(a);
    probe().answer(200);
    await verdict;
    await turn();
    expect(clock.pending()).toBe(0);
  });
});
