import { readFileSync } from 'node:fs';
import { descendants } from '../cli/command.ts';

/** Megabytes that the runtime below this process holds now. */
export function runtimeMegabytes(parent: number): number {
  const runtime = descendants(parent)
    .map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'))
    .find((status) => /^Name:\s+workerd$/m.test(status));
  if (runtime === undefined) throw new Error(`No runtime below process ${parent}`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(runtime)?.[1]) / 1024;
}

/** The most that the runtime held while `work` was done, over what it held before. */
export async function growthDuring(parent: number, work: () => Promise<void>): Promise<number> {
  const before = runtimeMegabytes(parent);
  let most = before;
  const sampler = setInterval(() => (most = Math.max(most, runtimeMegabytes(parent))), 50);
  try {
    await work();
  } finally {
    clearInterval(sampler);
  }
  return most - before;
}
