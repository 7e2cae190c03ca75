import { expect, it } from 'vitest';
import { summarize, violationLines } from '../torture/report.ts';
import { torture } from '../torture/run.ts';

it('[TO1] origins are killed, frozen and restarted under visitors for 25 s: 0 lost, 0 twice', async () => {
  const outcome = await torture({ seed: 7, seconds: 25, durability: 'primary', reach: 'origins' });
  expect(violationLines(outcome)).toEqual([]);
  const { acknowledged, moves } = summarize(outcome);
  expect(acknowledged).toBeGreaterThan(500);
  expect(moves).toBeGreaterThan(0);
});
