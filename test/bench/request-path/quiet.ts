import { setTimeout as sleep } from 'node:timers/promises';
import { machineCpuUs } from '../machine.ts';

/** Of a CPU, taken by others: more than that makes figures worthless. */
export const foreignMax = 0.15;

/** What everything on the machine takes within a second in which the bench does nothing. */
export async function idleLoad(): Promise<number> {
  const before = machineCpuUs();
  const started = performance.now();
  await sleep(1000);
  return (machineCpuUs() - before) / (performance.now() - started) / 1000;
}
