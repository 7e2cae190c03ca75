import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Tenancy, tenureMs } from '../../../worker/core/promotion.ts';
import { Tenure } from '../../../durable-objects/shard/tenure.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const by = { generation: 1, object: 'shop:xx00001:1', jurisdiction: '' };

function world({ isFirst = true, hasReplicas = true } = {}) {
  const kept = new Map<string, unknown>();
  const store = {
    get: <Value>(key: string) => kept.get(key) as Value | undefined,
    put: <Value>(key: string, value: Value) => void kept.set(key, value),
  };
  const asked = { monitor: 0, replicas: 0 };
  const says: { monitor: Tenancy | 'away' | 'silent'; replicas: 'take' | 'refuse' } = {
    monitor: { kind: 'held' },
    replicas: 'take',
  };
  const make = () =>
    new Tenure({
      kept: store,
      isFirst,
      shard: () => 'xx00001',
      hasReplicas: () => hasReplicas,
      replaced: () => undefined,
      async askMonitor() {
        asked.monitor++;
        const { monitor } = says;
        if (monitor === 'silent') return new Promise<Tenancy>(() => undefined);
        if (monitor === 'away') throw new Error('away');
        return monitor;
      },
      async askReplicas() {
        asked.replicas++;
        if (says.replicas === 'refuse') throw new Error('closed');
      },
    });
  return { asked, says, make, tenure: make() };
}

async function saidOf(work: Promise<void>): Promise<string> {
  const said = work.then(
    () => 'sure',
    (error: unknown) => String(error),
  );
  await vi.advanceTimersByTimeAsync(1_000);
  return said;
}

describe('whether this is still the shard', () => {
  it('[PR6] is asked of the monitor once, and believed for five seconds from the question on', async () => {
    const { tenure, asked } = world();
    expect(await Promise.all([saidOf(tenure.sure()), saidOf(tenure.sure())])).toEqual(['sure', 'sure']);
    expect(asked).toEqual({ monitor: 1, replicas: 0 });
    await vi.advanceTimersByTimeAsync(tenureMs - 2_100);
    expect(tenure.isSure).toBe(true);
    await vi.advanceTimersByTimeAsync(200);
    expect(tenure.isSure).toBe(false);
  });

  it('[PR6] is asked of a replica where the monitor fails or is silent', async () => {
    for (const monitor of ['away', 'silent'] as const) {
      const { tenure, says, asked } = world();
      says.monitor = monitor;
      expect(await saidOf(tenure.sure())).toBe('sure');
      expect(asked.replicas).toBe(1);
    }
  });

  it('[PR6] is not asked where the log was just taken', async () => {
    const { tenure, asked } = world();
    tenure.confirmed(Date.now());
    expect(await saidOf(tenure.sure())).toBe('sure');
    expect(asked.monitor).toBe(0);
  });

  it('[PR6] is refused while a promotion is under way, and when nobody confirms it', async () => {
    const closing = world();
    closing.says.monitor = { kind: 'closing' };
    expect(await saidOf(closing.tenure.sure())).toContain('may no longer be the shard');
    expect(closing.asked.replicas).toBe(0);
    const alone = world();
    Object.assign(alone.says, { monitor: 'away', replicas: 'refuse' });
    expect(await saidOf(alone.tenure.sure())).toContain('may no longer be the shard');
  });

  it('[PR3] a shard that hears of its replacement keeps that, whatever it wakes to', async () => {
    const { tenure, says, make } = world();
    says.monitor = { kind: 'replaced', by };
    expect(await saidOf(tenure.sure())).toContain('Replaced: ');
    says.monitor = { kind: 'held' };
    expect(() => make().mustStand()).toThrow('Replaced: ');
  });

  it('[PR1] a promoted one is sure only once the monitor itself has said so, with or without replicas', async () => {
    for (const hasReplicas of [true, false]) {
      const { tenure, says, make } = world({ isFirst: false, hasReplicas });
      says.monitor = { kind: 'closing' };
      tenure.confirmed(Date.now());
      expect(await saidOf(tenure.sure())).toContain('Not promoted: xx00001');
      says.monitor = 'away';
      expect(await saidOf(tenure.sure())).toContain('Not promoted: xx00001');
      says.monitor = { kind: 'held' };
      expect(await saidOf(tenure.sure())).toBe('sure');
      says.monitor = 'away';
      expect(await saidOf(make().sure())).toBe('sure');
    }
  });
});
