import { Chance } from './chance.ts';
import type { Wish } from './browser.ts';
import type { Weather } from './network.ts';
import type { Shape } from './world.ts';

/** What happens from outside, and when. A plan is data: a shorter one can be tried. */
export type Step =
  | { readonly kind: 'visit'; readonly atMs: number; readonly browser: number; readonly wish: Wish }
  | { readonly kind: 'fault'; readonly atMs: number; readonly fault: Fault };

export type Fault =
  /** The origin's processes end; another one starts in their place after a while. */
  | { readonly what: 'crash'; readonly origin: string; readonly forMs: number }
  | { readonly what: 'freeze'; readonly origin: string; readonly forMs: number }
  /** A new process beside the old one, which ends after a while. */
  | { readonly what: 'overlap'; readonly origin: string; readonly forMs: number }
  | { readonly what: 'cut'; readonly link: string; readonly forMs: number }
  | { readonly what: 'weather'; readonly weather: Weather; readonly forMs: number }
  /** While the shard's next call is under way, so many milliseconds after it has begun. */
  | { readonly what: 'evict'; readonly object: 'shard' | 'monitor'; readonly inMs: number }
  | { readonly what: 'recycle'; readonly edge: number };

export interface Plan {
  readonly shape: Shape;
  readonly browsers: number;
  readonly steps: readonly Step[];
}

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed).fork('plan');
  const shape: Shape = {
    seed,
    edges: chance.between(2, 3),
    origins: chance.between(2, 3),
    kvLateMs: chance.pick([0, 1_000, 20_000]),
    platform: chance.pick(['throws', '52x']),
    headerStateBytesMax: chance.pick([3_072, 3_072, 0]),
  };
  const browsers = chance.between(1, 2);
  const visits = Array.from({ length: browsers }, (_, browser) => visitsOf(browser, chance)).flat();
  const lastMs = Math.max(...visits.map(({ atMs }) => atMs));
  const faults = Array.from({ length: chance.between(2, 9) }, () => faultOf(shape, chance, lastMs));
  return { shape, browsers, steps: [...visits, ...faults].sort((one, other) => one.atMs - other.atMs) };
}

function visitsOf(browser: number, chance: Chance): Step[] {
  const favourite = chance.between(0, 2);
  const steps: Step[] = [];
  let atMs = chance.between(0, 500);
  const count = chance.between(8, 26);
  for (let number = 0; number < count; number++) {
    const edge = chance.happens(0.7) ? favourite : chance.between(0, 2);
    steps.push({ kind: 'visit', atMs, browser, wish: wishOf(edge, number, chance) });
    atMs += gapMs(chance);
  }
  return steps;
}

/** Mostly parallel or close together; sometimes long enough for a snapshot, a renewal or a fold. */
function gapMs(chance: Chance): number {
  const kind = chance.next();
  if (kind < 0.3) return chance.between(0, 40);
  if (kind < 0.75) return chance.between(50, 1_500);
  if (kind < 0.97) return chance.between(1_500, 9_000);
  return chance.between(30_000, 70_000);
}

function wishOf(edge: number, number: number, chance: Chance): Wish {
  const kind = chance.next();
  const verb = kind < 0.48 ? 'append' : kind < 0.94 || number < 3 ? 'read' : kind < 0.97 ? 'login' : 'logout';
  return {
    verb,
    edge,
    thinkMs: chance.happens(0.25) ? chance.between(1, 900) : 0,
    cookie: chance.happens(0.15) ? 'older' : 'newest',
    leavesAfterMs: chance.happens(0.06) ? chance.between(1, 800) : undefined,
  };
}

function faultOf(shape: Shape, chance: Chance, lastMs: number): Step {
  const atMs = chance.between(0, lastMs);
  const origin = chance.pick(['a', 'b', 'c'].slice(0, shape.origins));
  const edge = chance.between(0, shape.edges - 1);
  const forMs = chance.pick([200, 1_000, 2_500, 6_000, 15_000]);
  const faults: readonly (() => Fault)[] = [
    () => ({ what: 'crash', origin, forMs }),
    () => ({ what: 'crash', origin, forMs }),
    () => ({ what: 'freeze', origin, forMs }),
    () => ({ what: 'freeze', origin, forMs }),
    () => ({ what: 'overlap', origin, forMs }),
    () => ({ what: 'cut', link: `edge${edge}>${origin}`, forMs }),
    () => ({ what: 'cut', link: `edge${edge}>${origin}`, forMs }),
    () => ({ what: 'cut', link: chance.pick([`edge${edge}>shard`, `${origin}>edge${edge}`, `edge${edge}>monitor`, 'shard>monitor']), forMs }),
    () => ({ what: 'cut', link: `monitor>${origin}`, forMs: 15_000 }),
    () => ({ what: 'weather', forMs, weather: weatherOf(chance) }),
    () => ({ what: 'evict', object: 'shard', inMs: chance.between(0, 25) }),
    () => ({ what: 'evict', object: chance.pick(['shard', 'monitor']), inMs: chance.between(0, 25) }),
    () => ({ what: 'recycle', edge }),
  ];
  return { kind: 'fault', atMs, fault: chance.pick(faults)() };
}

function weatherOf(chance: Chance): Weather {
  const often = () => chance.pick([0, 0.05, 0.2]);
  return { lostQuestion: often(), lostAnswer: often(), slow: chance.pick([0.1, 0.4]), twice: often() };
}
