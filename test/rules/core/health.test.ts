import { describe, expect, it } from 'vitest';
import { afterProbe, flipped, type Health, unprobed } from '../../../worker/core/health.ts';
import { isExpected, jittered, plainProbing, probeRequest } from '../../../worker/core/probing.ts';

const twice = { fall: 2, rise: 2 };
const good = { ok: true, said: 'status 200', status: 200, at: 50 };
const bad = { ok: false, said: 'refused', status: 0, at: 60 };
const exactly = (status: number) => ({ from: status, to: status });
const urlOf = (origin: string) => probeRequest(origin, { ...plainProbing, path: '/health' }).url;
const after = (health: Health, ...results: (typeof good)[]) =>
  results.reduce((held, result) => afterProbe(held, result, twice), health);

describe('health after a probe', () => {
  it('[PM1] an origin nobody has probed counts as up', () => {
    expect(unprobed(7)).toMatchObject({ health: 'up', incarnation: 0, since: 7 });
  });

  it('[PM2] falls after `fall` failures in a row, and a success between them starts the count again', () => {
    expect(after(unprobed(0), bad)).toMatchObject({ health: 'up', against: 1, last: 'refused' });
    expect(after(unprobed(0), bad, good, bad).health).toBe('up');
    expect(after(unprobed(0), bad, bad)).toMatchObject({ health: 'down', since: 60, against: 0 });
  });

  it('[PM3] rises after `rise` successes in a row, with a higher incarnation', () => {
    const down = after(unprobed(0), bad, bad);
    expect(after(down, good)).toMatchObject({ health: 'down', incarnation: 0 });
    expect(after(down, good, bad, good).health).toBe('down');
    expect(after(down, good, good)).toMatchObject({ health: 'up', incarnation: 1, since: 50 });
  });

  it('[PM2] says whether it flipped', () => {
    const shaken = after(unprobed(0), bad);
    expect(flipped(unprobed(0), shaken)).toBe(false);
    expect(flipped(shaken, after(shaken, bad))).toBe(true);
  });
});

describe('a probe', () => {
  it('[PM4] expects 200 to 399 unless it is told which statuses', () => {
    expect([199, 200, 399, 400].map((status) => isExpected(status, []))).toEqual([false, true, true, false]);
    expect([200, 204, 503].map((status) => isExpected(status, [exactly(204), exactly(503)]))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('[PM4] asks the health path under the path of the origin', () => {
    expect(urlOf('http://10.0.0.1:9001')).toBe('http://10.0.0.1:9001/health');
    expect(urlOf('https://a.example/app/')).toBe('https://a.example/app/health');
  });

  it('[PM5] comes every interval, give or take a tenth', () => {
    expect([0, 0.5, 1].map((chance) => jittered(5_000, 0.1, chance))).toEqual([4_500, 5_000, 5_500]);
  });
});
