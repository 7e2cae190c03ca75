import type { Plan } from './plan.ts';
import type { Product } from './product.ts';
import { type Result, run } from './run.ts';

const runsMax = 150;

/** Leaves out steps of the plan for as long as the same invariant still breaks: the shortest log found. */
export async function shrink(found: Result, product: Product): Promise<Result> {
  let best = found;
  let runs = 0;
  for (let size = Math.ceil(found.plan.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.plan.steps.length && runs < runsMax; ) {
      runs++;
      const shorter = await run(without(best.plan, at, size), product);
      if (shorter.violation?.invariant === found.violation?.invariant) best = shorter;
      else at += size;
    }
  }
  return best;
}

function without({ steps, ...plan }: Plan, at: number, size: number): Plan {
  return { ...plan, steps: steps.filter((_, index) => index < at || index >= at + size) };
}
