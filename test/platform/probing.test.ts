import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { probe } from '../../durable-objects/monitor/probe.ts';
import type { ProberObject, ProberObjects, Vantage } from '../../durable-objects/monitor/spread.ts';
import { PoolMonitor } from '../../durable-objects/pool-monitor.ts';
import { Prober } from '../../durable-objects/prober.ts';
import { readBodyMatch } from '../../worker/config/probe-fields.ts';
import { type OriginId, originId } from '../../worker/core/ids.ts';
import { plainProbing, type ProbingConfig, type ProbingPolicy } from '../../worker/core/probing.ts';
import { eventually } from './eventually.ts';

vi.setConfig({ testTimeout: 20_000 });

const silent = new Set<string>();
const answers = new Map<string, () => Response>();
let asked: { host: string; url: string; init: RequestInit }[] = [];
let atOnce = { now: 0, most: 0 };

beforeEach(() => {
  silent.clear();
  answers.clear();
  asked = [];
  atOnce = { now: 0, most: 0 };
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init = {}) => {
    const url = String(input);
    const host = new URL(url).hostname;
    asked.push({ host, url, init });
    atOnce = { now: atOnce.now + 1, most: Math.max(atOnce.most, atOnce.now + 1) };
    try {
      await turn(init.signal, silent.has(host));
      return (answers.get(url) ?? answers.get(host) ?? (() => new Response('ok')))();
    } finally {
      atOnce = { ...atOnce, now: atOnce.now - 1 };
    }
  });
});
afterEach(() => vi.restoreAllMocks());

/** A silent origin ends only with the probe's patience. */
function turn(signal: AbortSignal | null | undefined, isSilent: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!isSilent) setTimeout(resolve, 20);
    signal?.addEventListener('abort', () => reject(new Error('silent')));
  });
}

const ids = (count: number) => Array.from({ length: count }, (_, at) => originId(`o${at}`));
const origins = (of: readonly OriginId[]) => of.map((id) => ({ id, url: `http://${id}.test` }));
const policy: ProbingPolicy = {
  ...plainProbing,
  intervalMs: 300_000,
  doubtIntervalMs: 60_000,
  timeoutMs: 300,
};
const config = (of: readonly OriginId[], other: Partial<ProbingPolicy> = {}): ProbingConfig => ({
  revision: 1,
  origins: origins(of),
  health: { ...policy, ...other },
});
const newMonitor = () => env.POOL_MONITOR.getByName(`pool-${crypto.randomUUID()}`);

/** A monitor whose helpers are the test's own. */
async function withHelpers(helpers: ProberObjects, work: (monitor: PoolMonitor) => Promise<void>) {
  await runInDurableObject(newMonitor(), (_, ctx) => work(new PoolMonitor(ctx, { ...env, PROBER: helpers })));
}

type Called = { name: string; region: string | undefined; law: string; count: number };

/** Helpers that note who was asked for what. */
function helpers(called: Called[], answer: ProberObject['probe'], law = ''): ProberObjects {
  return {
    getByName: (name, { locationHint: region } = {}) => ({
      probe(share, how, vantage) {
        called.push({ name, region, law, count: share.length });
        return answer(share, how, vantage);
      },
    }),
    jurisdiction: (named) => helpers(called, answer, named),
  };
}

const seen = async (share: readonly unknown[], ok: boolean) =>
  share.map(() => ({ ok, said: `status ${ok ? 200 : 500}`, status: ok ? 200 : 500, at: 1 }));

describe('many origins', () => {
  it('[PB1] a hundred, of which twenty are silent, are all judged by one alarm: nobody waits for another', async () => {
    for (const id of ids(20)) silent.add(`${id}.test`);
    const monitor = newMonitor();
    await monitor.snapshot(config(ids(100), { timeoutMs: 2_000 }));
    await runDurableObjectAlarm(monitor);
    await eventually(async () => {
      const { origins: told } = await monitor.status();
      expect(told.filter(({ last }) => last === 'silent')).toHaveLength(20);
      expect(told.filter(({ last }) => last === 'status 200')).toHaveLength(80);
    });
    expect(asked).toHaveLength(100);
    expect(atOnce.most).toBe(100);
    // The second alarm is for those in doubt alone, and comes before the next round.
    asked = [];
    expect((await monitor.status()).alarmAt).toBeLessThan(Date.now() + 70_000);
    await runDurableObjectAlarm(monitor);
    expect(asked).toHaveLength(20);
    const down = (await monitor.status()).origins.filter(({ health }) => health === 'down');
    expect(down.map(({ id }) => id).toSorted()).toEqual(ids(20).toSorted());
  });

  it('[PB1] no helper probes more than six, asks more than six others, or is asked twice', async () => {
    const called: Called[] = [];
    const answer: ProberObject['probe'] = (share, how, vantage) =>
      runInDurableObject(env.PROBER.getByName(`${crypto.randomUUID()}`), (_, ctx) => {
        const asking = called.length;
        const answered = new Prober(ctx, { PROBER: objects }).probe(share, how, vantage);
        expect(called.length - asking).toBeLessThanOrEqual(6);
        return answered;
      });
    const objects = helpers(called, answer);
    await withHelpers(objects, async (monitor) => {
      await monitor.snapshot(config(ids(230), { timeoutMs: 10_000 }));
      await monitor.alarm();
      expect(new Set(asked.map(({ host }) => host)).size).toBe(230);
      expect(asked).toHaveLength(230);
    });
    const names = called.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const leaves = called.filter(({ name }) => !names.some((other) => other.startsWith(`${name}.`)));
    expect(Math.max(...leaves.map(({ count }) => count))).toBeLessThanOrEqual(6);
    expect(leaves.reduce((sum, { count }) => sum + count, 0)).toBe(230);
  });

  it('[PB2] a helper that is away is no word against an origin: the monitor looks itself', async () => {
    const called: Called[] = [];
    silent.add('o1.test');
    const away = helpers(called, () => Promise.reject(new Error('overloaded')));
    await withHelpers(away, async (monitor) => {
      await monitor.snapshot(config(ids(8)));
      await monitor.alarm();
      expect(called).toHaveLength(1);
      const told = (await monitor.status()).origins.map(({ last }) => last);
      expect(told.filter((last) => last === 'status 200')).toHaveLength(7);
      expect(told[1]).toBe('silent');
      expect(atOnce.most).toBe(5);
    });
  });
});

describe('vantages', () => {
  const vantages = ['weur', 'weur', 'enam', 'apac'];
  const [a] = ids(1) as [OriginId];

  it('[PB4] each is an object of its own, placed by its hint and under the law of the sessions', async () => {
    const called: Called[] = [];
    await withHelpers(
      helpers(called, (share) => seen(share, true)),
      async (monitor) => {
        await monitor.snapshot(config([a], { vantages, jurisdiction: 'eu' }));
        await monitor.alarm();
      },
    );
    expect(called.map(({ region }) => region)).toEqual(vantages);
    expect(new Set(called.map(({ name }) => name)).size).toBe(4);
    expect(new Set(called.map(({ law }) => law))).toEqual(new Set(['eu']));
    expect(asked).toEqual([]);
  });

  it('[PB3] the majority of the regions takes an origin out, also after a report; a tie changes nothing', async () => {
    let bad = ['enam'];
    const answer = (share: readonly unknown[], _how: ProbingPolicy, { region }: Vantage) =>
      seen(share, !bad.includes(region));
    await withHelpers(helpers([], answer), async (monitor) => {
      const health = async () => (await monitor.status()).origins[0];
      await monitor.snapshot(config([a], { vantages }));
      await monitor.alarm();
      await monitor.alarm();
      expect(await health()).toMatchObject({ health: 'up', last: 'weur, apac: status 200' });
      bad = ['enam', 'apac'];
      await monitor.report(a);
      await eventually(async () =>
        expect(await health()).toMatchObject({ health: 'down', last: 'enam, apac: status 500' }),
      );
    });
    bad = ['enam'];
    await withHelpers(helpers([], answer), async (monitor) => {
      await monitor.snapshot(config([a], { vantages: ['weur', 'enam'] }));
      for (let round = 0; round < 3; round++) await monitor.alarm();
      expect((await monitor.status()).origins[0]).toMatchObject({ health: 'up', against: 0 });
    });
  });
});

describe('the alarm', () => {
  const [a, b] = ids(2) as [OriginId, OriginId];

  it('[PB7] between two rounds only those in doubt are probed; the round itself is not put off', async () => {
    const monitor = newMonitor();
    await monitor.snapshot(config([a, b]));
    await eventually(async () => {
      const { origins: told, alarmAt } = await monitor.status();
      expect(told.map(({ last }) => last)).toEqual(['status 200', 'status 200']);
      expect(alarmAt).toBeGreaterThan(Date.now());
    });
    answers.set('o0.test', () => new Response('', { status: 500 }));
    const { alarmAt: round = 0 } = await monitor.status();
    asked = [];
    await runDurableObjectAlarm(monitor);
    await runDurableObjectAlarm(monitor);
    expect(asked.map(({ host }) => host)).toEqual(['o0.test', 'o1.test', 'o0.test']);
    // It has fallen, so nobody is in doubt any more.
    const { alarmAt = 0, origins: told } = await monitor.status();
    expect(told[0]).toMatchObject({ health: 'down' });
    expect(alarmAt).toBeGreaterThan(round - 70_000);
  });

  it('[PB7] there is none between two rounds that are hardly further apart than a doubt', async () => {
    const monitor = newMonitor();
    const close = config([a, b], { intervalMs: 60_000, doubtIntervalMs: 60_000 });
    answers.set('o0.test', () => new Response('', { status: 500 }));
    await monitor.snapshot(close);
    await eventually(async () => expect((await monitor.status()).origins[0]?.against).toBe(1));
    asked = [];
    await runDurableObjectAlarm(monitor);
    expect(asked.map(({ host }) => host)).toEqual(['o0.test', 'o1.test']);
  });

  it('[PB8] is set again before the first probe, and an alarm that fails leaves it set', async () => {
    const monitor = newMonitor();
    await monitor.snapshot(config([a]));
    await eventually(async () => expect((await monitor.status()).origins[0]?.last).toBe('status 200'));
    await runInDurableObject(monitor, async (instance, { storage }) => {
      silent.add('o0.test');
      await storage.deleteAlarm();
      const ringing = instance.alarm();
      expect(await storage.getAlarm()).toBeGreaterThan(Date.now());
      await ringing;
      silent.clear();
      storage.sql.exec('DROP TABLE origin');
      await storage.deleteAlarm();
      await instance.report(a);
      await instance.alarm();
      expect(await storage.getAlarm()).toBeGreaterThan(Date.now());
    });
  });

  it('[PB8] one that never came is noticed by the next question after an interval and a time-out', async () => {
    const monitor = newMonitor();
    await monitor.snapshot(config([a]));
    await eventually(async () => expect((await monitor.status()).origins[0]?.last).toBe('status 200'));
    await runInDurableObject(monitor, async (instance, { storage }) => {
      await storage.deleteAlarm();
      asked = [];
      await instance.snapshot(config([a]));
      expect(await storage.getAlarm()).toBeNull();
      const later = Date.now() + 1.1 * policy.intervalMs + policy.timeoutMs + 1_001;
      expect(later).toBeLessThan(Date.now() + 2 * policy.intervalMs);
      const now = vi.spyOn(Date, 'now').mockReturnValue(later);
      await instance.snapshot(config([a]));
      now.mockRestore();
      expect(await storage.getAlarm()).not.toBeNull();
    });
  });
});

describe('a probe', () => {
  const a = { id: originId('a'), url: 'http://a.test/app' };
  const look = async (other: Partial<ProbingPolicy>) => {
    const { ok, said } = await probe(a, { ...policy, path: '/health', ...other }, env);
    return [ok, said];
  };
  const redirect = (location: string) => () => new Response(null, { status: 302, headers: { location } });

  it('[PB5] asks with its method and headers', async () => {
    await look({ method: 'POST', headers: { authorization: 'Bearer x' } });
    expect(asked[0]).toMatchObject({
      url: 'http://a.test/app/health',
      init: { method: 'POST', redirect: 'manual', headers: { authorization: 'Bearer x' } },
    });
  });

  it('[PB6] searches the first 64 KiB of the body', async () => {
    const match = readBodyMatch('ready');
    answers.set('a.test', () => new Response(`${'.'.repeat(65_531)}ready`));
    expect(await look({ body: match })).toEqual([true, 'status 200']);
    answers.set('a.test', () => new Response(`${'.'.repeat(65_532)}ready`));
    expect(await look({ body: match })).toEqual([false, 'status 200, but not the body that is wanted']);
    answers.set('a.test', () => new Response('ready', { status: 503 }));
    expect(await look({ body: match })).toEqual([false, 'status 503']);
  });

  it('[PB6] takes a redirect for the answer, or follows it on the same host, and not for ever', async () => {
    answers.set('http://a.test/app/health', redirect('/up'));
    expect(await look({})).toEqual([true, 'status 302']);
    answers.set('http://a.test/up', () => new Response('', { status: 500 }));
    expect(await look({ redirects: 'follow' })).toEqual([false, 'status 500']);
    answers.set('http://a.test/up', redirect('https://a.test/up'));
    answers.set('https://a.test/up', () => new Response(null, { status: 204 }));
    expect(await look({ redirects: 'follow' })).toEqual([true, 'status 204']);
    answers.set('https://a.test/up', redirect('http://169.254.169.254/'));
    expect(await look({ redirects: 'follow' })).toEqual([false, 'status 302, which leads to another host']);
    answers.set('https://a.test/up', redirect('/up'));
    expect(await look({ redirects: 'follow' })).toEqual([false, 'more than 5 redirects']);
    expect(asked.map(({ host }) => host)).not.toContain('169.254.169.254');
  });
});

it('[PB1] a pool of a handful wakes no helper', async () => {
  const called: Called[] = [];
  await withHelpers(
    helpers(called, (share) => seen(share, true)),
    async (monitor) => {
      await monitor.snapshot(config(ids(5)));
      await monitor.alarm();
    },
  );
  expect(called).toEqual([]);
  expect(asked).toHaveLength(5);
});
