import { Chance } from '../simulation/chance.ts';
import { check, type Violation } from './check.ts';
import { visitUntil } from './crowd.ts';
import type { SessionHistory } from './history.ts';
import { inflict } from './nemesis.ts';
import { type Fault, planFaults, type Reach } from './schedule.ts';
import { type Durability, originIds, startStage } from './stage.ts';
import type { Visitor } from './visitor.ts';

export interface Torture {
  readonly seed: number;
  readonly seconds: number;
  readonly durability: Durability;
  readonly reach: Reach;
}

export interface Outcome {
  readonly histories: readonly SessionHistory[];
  readonly violations: readonly Violation[];
}

export function faultsOf({ seed, seconds, reach }: Torture): Fault[] {
  return planFaults(new Chance(seed).fork('faults'), originIds, seconds, reach);
}

/** The real thing: faults come from the seed, their effects from the machine. */
export async function torture(plan: Torture): Promise<Outcome> {
  const stage = await startStage(plan.durability);
  const began = performance.now();
  const clock = () => performance.now() - began;
  try {
    let over = false;
    const visiting = visitUntil(() => over, stage.url, new Chance(plan.seed).fork('visitors'), clock);
    await inflict(faultsOf(plan), stage, clock).finally(() => (over = true));
    const visitors = await visiting;
    await readAll(visitors, 'live');
    await stage.restartAll();
    await readAll(visitors, 'stored');
    for (const visitor of visitors) visitor.leave();
    return { histories: visitors, violations: check(visitors) };
  } finally {
    await stage.end();
  }
}

/** Readers at once, at the end. */
const readers = 6;

async function readAll(visitors: readonly Visitor[], of: 'live' | 'stored'): Promise<void> {
  const waiting = [...visitors];
  const reader = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await next.readLast(of);
  };
  await Promise.all(Array.from({ length: readers }, reader));
}
