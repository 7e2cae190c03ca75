import { auditStorage } from './audit.ts';
import { Browser, type Heard } from './browser.ts';
import { checkReplicas, hasWholeCopy } from './converge.ts';
import { heal, strike } from './faults.ts';
import type { Violation } from './oracle.ts';
import { type Plan, planOf } from './plan.ts';
import type { Product } from './product.ts';
import { isClosed, shardKeyOf } from './succession.ts';
import { World } from './world.ts';

export interface Result {
  readonly plan: Plan;
  readonly violation: Violation | undefined;
  readonly log: readonly string[];
  readonly hash: string;
  readonly counts: Counts;
}

/** How much happened: a world in which nothing does proves nothing. */
export interface Counts {
  readonly acknowledged: number;
  readonly claims: number;
  readonly fenced: number;
  readonly evictions: number;
  readonly promotions: number;
}

/** Longest that a client waits; nothing is under way any more after it. */
const settleMs = 75_000;
const attemptsMax = 3;

/** One seed from its beginning to a calm end. */
export async function run(plan: Plan, product: Product): Promise<Result> {
  const world = await World.build(plan.shape, product);
  try {
    await play(world, plan);
    const { violation } = world.oracle;
    const { log, hash } = world.scheduler;
    return { plan, violation, log, hash, counts: countsOf(world) };
  } finally {
    world.close();
  }
}

function countsOf({ oracle, scheduler }: World): Counts {
  const lines = (pattern: RegExp) => scheduler.log.filter((line) => pattern.test(line)).length;
  const acknowledged = [...oracle.sessions.values()].reduce((sum, known) => sum + known.acknowledged.size, 0);
  const [claims, fenced, evictions] = [lines(/→ claimed/), lines(/→ fenced/), lines(/is evicted/)];
  const promotions = lines(/ is the shard \w+ now/);
  return { acknowledged, claims, fenced, evictions, promotions };
}

async function play(world: World, plan: Plan): Promise<void> {
  const { scheduler, outside } = world;
  const homes = (number: number) => world.origins.homeOf(browsers[number]?.cookie?.text ?? '') || 'a';
  const browsers = Array.from(
    { length: plan.browsers },
    (_, number) => new Browser(`client${number}`, world),
  );
  for (const step of plan.steps) {
    scheduler.after(step.atMs, outside, () => {
      if (step.kind === 'fault') strike(world, step.fault, homes);
      else void browsers[step.browser]?.send(step.wish);
    });
  }
  if (!(await pass(world, lastMs(plan) + 500))) return;
  heal(world);
  if (!(await pass(world, settleMs)) || !(await replaceTheGone(world))) return;
  for (const browser of browsers) if (!(await servedAgain(world, browser))) return;
  auditStorage(world);
  if (!(await pass(world, 130_000))) return;
  auditStorage(world);
  checkReplicas(world);
  checkSizes(world);
}

function lastMs({ steps }: Plan): number {
  return Math.max(0, ...steps.map(({ atMs }) => atMs));
}

/** Lets time pass, one event after the other; false as soon as something is wrong. */
async function pass(world: World, ms: number): Promise<boolean> {
  const until = world.scheduler.now + ms;
  while (world.oracle.violation === undefined && (await world.scheduler.step(until)));
  if (world.oracle.violation === undefined) await world.scheduler.runUntil(until);
  return world.oracle.violation === undefined;
}

/** I6: a client that asks one thing after the other is served within three attempts. */
async function servedAgain(world: World, browser: Browser): Promise<boolean> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const asked: { heard: Heard | undefined } = { heard: undefined };
    world.scheduler.after(0, world.outside, () => {
      void browser.send({ verb: 'append', edge: attempt }).then((heard) => (asked.heard = heard));
    });
    while (asked.heard === undefined && (await pass(world, 50)));
    if (world.oracle.violation !== undefined) return false;
    if (asked.heard?.status === 200) return true;
  }
  world.oracle.violated(
    'I6',
    `${browser.name} was not served within ${attemptsMax} attempts although everything is healthy`,
  );
  return false;
}

/**
 * A shard that is gone for good is replaced, as soon as an operator can; a promotion that was broken off is finished or undone. Where nothing was
 * promised of a shard, it may come back instead.
 */
async function replaceTheGone(world: World): Promise<boolean> {
  const isQuorum = world.shape.durability === 'quorum';
  for (const shard of world.hosts('shard').filter((host) => host.isAway || isClosed(world, host))) {
    world.scheduler.after(0, world.outside, () => void world.operator.promote(shard, !isQuorum));
    if (!(await pass(world, settleMs))) return false;
    if (!shard.name.startsWith('shard')) continue;
    if (isQuorum && shard.isAway && hasWholeCopy(world, shard) && world.oracle.owes(shardKeyOf(shard)))
      world.oracle.violated('I1', `${shard.name} is gone, and no replica of it can be promoted`);
    shard.bringBack();
  }
  return world.oracle.violation === undefined;
}

/** I9: what only a fault needs is gone after it. */
function checkSizes(world: World): void {
  const { oracle, scheduler } = world;
  for (const { name, storage } of [...world.hosts('shard'), ...world.hosts('replica')]) {
    for (const table of ['raise', 'log']) {
      const rows = storage.has(table)
        ? storage.query(`SELECT count(*) AS count FROM ${table}`)[0]?.['count']
        : 0;
      if (Number(rows) > 0) oracle.violated('I9', `${name} still holds ${String(rows)} rows of ${table}`);
    }
  }
  if (scheduler.waiting > 40)
    oracle.violated('I9', `${scheduler.waiting} timers and messages are still waiting`);
}

export async function runSeed(seed: number, product: Product): Promise<Result> {
  return run(planOf(seed), product);
}
