import { Chance } from './chance.ts';
import { plain, type Wish } from './browser.ts';
import type { Fault } from './faults.ts';
import { troubleOf } from './troubles.ts';
import type { Shape } from './world.ts';

/** What happens from outside, and when. A plan is data: a shorter one can be tried. */
export type Step =
  | { readonly kind: 'visit'; readonly atMs: number; readonly browser: number; readonly wish: Wish }
  | { readonly kind: 'fault'; readonly atMs: number; readonly fault: Fault };

export interface Plan {
  readonly shape: Shape;
  readonly browsers: number;
  readonly steps: readonly Step[];
}

/** The plan of a seed: a few episodes in which much happens at once, and quiet times between them. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed).fork('plan');
  const shape: Shape = {
    seed,
    edges: chance.between(2, 3),
    origins: chance.between(2, 3),
    kvLateMs: chance.pick([0, 1_000, 20_000]),
    platform: chance.pick(['throws', '52x']),
    headerStateBytesMax: chance.pick([3_072, 3_072, 0]),
    evictions: chance.pick([0, 0, 0.02, 0.08]),
    paddingBytes: chance.pick([0, 0, 0, 4_000, 24_000]),
    ...copiesOf(chance.fork('copies')),
  };
  const browsers = chance.between(1, 2);
  const steps: Step[] = [];
  let atMs = 0;
  for (let left = chance.between(2, 4); left > 0; left--) {
    for (let browser = 0; browser < browsers; browser++) steps.push(...visitsOf(browser, atMs, chance));
    steps.push(...faultsOf(shape, atMs + chance.between(0, 1_500), chance));
    atMs = Math.max(...steps.map((step) => step.atMs)) + quietMs(chance);
  }
  steps.push(...drainsOf(seed, atMs));
  return { shape, browsers, steps: steps.sort((one, other) => one.atMs - other.atMs) };
}

/** In every third world an operator drains origins, whatever else happens there. */
function drainsOf(seed: number, lastMs: number): Step[] {
  const chance = new Chance(seed).fork('drains');
  if (!chance.happens(1 / 3)) return [];
  return Array.from({ length: chance.between(1, 2) }, () => {
    const origin = chance.pick(['home of 0', 'home of 0', 'a', 'b']);
    const forMs = chance.pick([3_000, 8_000, 20_000]);
    return { kind: 'fault', atMs: chance.between(0, lastMs), fault: { what: 'drain', origin, forMs } };
  });
}

/** Half of the worlds have replicas. */
function copiesOf(chance: Chance): Pick<Shape, 'replicas' | 'durability'> {
  const replicas = chance.pick([0, 0, 1, 2] as const);
  const durability = chance.pick<Shape['durability']>(
    replicas === 0 ? ['primary', 'primary', 'primary', 'async'] : ['quorum', 'quorum', 'primary', 'async'],
  );
  return { replicas, durability };
}

/** Mostly seconds; sometimes long enough for a renewal and a fold. */
function quietMs(chance: Chance): number {
  return chance.happens(0.12) ? chance.between(60_000, 75_000) : chance.between(500, 14_000);
}

function visitsOf(browser: number, fromMs: number, chance: Chance): Step[] {
  const favourite = chance.between(0, 2);
  let atMs = fromMs + chance.between(0, 300);
  const visits = Array.from({ length: chance.between(5, 12) }, () => {
    const edge = chance.happens(0.6) ? favourite : chance.between(0, 2);
    const step: Step = { kind: 'visit', atMs, browser, wish: wishOf(edge, chance) };
    atMs += gapMs(chance);
    return step;
  });
  return chance.happens(0.25) ? [...visits, ...changeOf(browser, atMs, favourite, chance)] : visits;
}

/** A logout, or a login, among other requests of the session; and a tab that has slept through it. */
function changeOf(browser: number, fromMs: number, edge: number, chance: Chance): Step[] {
  const verb = chance.pick(['login', 'logout'] as const);
  const visit = (atMs: number, wish: Partial<Wish>): Step => ({
    kind: 'visit',
    atMs: fromMs + atMs,
    browser,
    wish: { ...plain, edge, ...wish },
  });
  return [
    visit(0, { verb: 'append', thinkMs: chance.between(10, 60) }),
    visit(chance.between(0, 20), { verb, edge: chance.between(0, 2) }),
    ...[1, 2, 3].map(() => visit(chance.between(10, 90), { verb: chance.pick(['read', 'append']) })),
    visit(chance.between(800, 1_500), { cookie: 'older' }),
    visit(chance.between(2_500, 4_000), { cookie: 'older', edge: chance.between(0, 2) }),
  ];
}

/** Parallel, close together, or one after the other. */
function gapMs(chance: Chance): number {
  const kind = chance.next();
  if (kind < 0.3) return chance.between(0, 40);
  if (kind < 0.75) return chance.between(50, 800);
  return chance.between(800, 4_000);
}

function wishOf(edge: number, chance: Chance): Wish {
  const kind = chance.next();
  return {
    verb: kind < 0.48 ? 'append' : kind < 0.95 ? 'read' : kind < 0.975 ? 'login' : 'logout',
    edge,
    thinkMs: chance.happens(0.25) ? chance.between(1, 900) : 0,
    cookie: chance.happens(0.15) ? 'older' : 'newest',
    leavesAfterMs: chance.happens(0.06) ? chance.between(1, 800) : undefined,
    leaving: chance.pick(['request ends', 'request goes on']),
  };
}

/** One to four troubles, close together. */
function faultsOf(shape: Shape, fromMs: number, chance: Chance): Step[] {
  return Array.from({ length: chance.between(1, 4) }, () => troubleOf(shape, chance)).flatMap((trouble) => {
    const atMs = fromMs + chance.between(0, 5_000);
    return trouble.map(({ inMs = 0, ...fault }): Step => ({ kind: 'fault', atMs: atMs + inMs, fault }));
  });
}
