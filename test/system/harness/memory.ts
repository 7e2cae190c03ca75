import { spawnSync } from 'node:child_process';

/** Megabytes that the runtime below this process holds now. */
export function runtimeMegabytes(parent: number): number {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid=,rss=,comm='], { encoding: 'utf8' });
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const runtime = lines.find(([ppid, , command]) => Number(ppid) === parent && command?.includes('workerd'));
  if (runtime === undefined) throw new Error(`No runtime below process ${parent}`);
  return Number(runtime[1]) / 1024;
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
