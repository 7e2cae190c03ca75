import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { everyMinute } from '../../../cli/cron.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the cron of limpet dev', () => {
  it('[CL13] the scheduled handler runs each minute until the end', async () => {
    const tick = vi.fn<() => Promise<void>>(async () => undefined);
    const stop = everyMinute(tick, () => undefined);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(tick).toHaveBeenCalledTimes(0);
    await vi.advanceTimersByTimeAsync(120_001);
    expect(tick).toHaveBeenCalledTimes(3);
    stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(tick).toHaveBeenCalledTimes(3);
  });

  it('[CL13] a failure is told, and the next minute comes', async () => {
    const tick = vi.fn<() => Promise<void>>(() => Promise.reject(new Error('no monitor')));
    const told: string[] = [];
    const stop = everyMinute(tick, (failure) => void told.push(failure));
    await vi.advanceTimersByTimeAsync(120_000);
    stop();
    expect(told).toEqual(new Array(2).fill('The scheduled handler failed: no monitor'));
  });
});
