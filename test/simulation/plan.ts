import { Chance } from './chance.ts';
import { plain, type Wish } from './browser.ts';
import type { Weather } from './network.ts';
import type { Shape } from './world.ts';

/** What happens from outside, and when. A plan is data: a shorter one can be tried. */
export type Step =
  | { readonly kind: 'visit'; readonly atMs: number; readonly browser: number; readonly wish: Wish }
  | { readonly kind: 'fault'; readonly atMs: number; readonly fault: Fault };

/** Origins are named by id, or as `home of 0`: wherever the first browser's session lives at that moment. */
export type Fault =
  /** The origin's processes end; another one starts in their place after a while. */
  | { readonly what: 'crash'; readonly origin: string; readonly forMs: number }
  | { readonly what: 'freeze'; readonly origin: string; readonly forMs: number }
  /** A new process beside the old one, which ends after a while. */
  | { readonly what: 'overlap'; readonly origin: string; readonly forMs: number }
  | { readonly what: 'cut'; readonly link: string; readonly forMs: number }
  /** The next answer to a question with this text is lost. */
  | { readonly what: 'lose'; readonly text: string }
  | { readonly what: 'weather'; readonly weather: Weather; readonly forMs: number }
  /** So many milliseconds after the object's next call has begun. */
  | { readonly what: 'evict'; readonly object: 'shard' | 'monitor'; readonly afterMs: number }
  | { readonly what: 'recycle'; readonly edge: number };

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
  };
  const browsers = chance.between(1, 2);
  const steps: Step[] = [];
  let atMs = 0;
  for (let left = chance.between(2, 4); left > 0; left--) {
    for (let browser = 0; browser < browsers; browser++) steps.push(...visitsOf(browser, atMs, chance));
    steps.push(...troubleOf({ shape, browsers, atMs: atMs + chance.between(0, 1_500) }, chance));
    atMs = Math.max(...steps.map((step) => step.atMs)) + quietMs(chance);
  }
  return { shape, browsers, steps: steps.sort((one, other) => one.atMs - other.atMs) };
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

interface Scene {
  readonly shape: Shape;
  readonly browsers: number;
  readonly atMs: number;
}

type Trouble = (scene: Scene, chance: Chance) => readonly (Fault & { readonly inMs?: number })[];

/** What goes wrong together. */
const troubles: readonly Trouble[] = [
  // One edge suspects a home that works: the session moves while others still use the old one.
  ({ shape }, chance) => [
    {
      what: 'cut',
      link: `edge${edgeOf(shape, chance)}>${homeOf(chance)}`,
      forMs: chance.pick([800, 2_500, 6_000]),
    },
  ],
  // A → B → A: two edges suspect one after the other.
  ({ shape }, chance) => [
    { what: 'cut', link: `edge${edgeOf(shape, chance)}>home of 0`, forMs: 1_500 },
    {
      what: 'cut',
      link: `edge${edgeOf(shape, chance)}>home of 0`,
      forMs: 1_500,
      inMs: chance.between(1_600, 4_000),
    },
  ],
  (_scene, chance) => [
    { what: 'crash', origin: homeOf(chance), forMs: chance.pick([50, 600, 2_500, 15_000]) },
  ],
  (_scene, chance) => [
    { what: 'freeze', origin: homeOf(chance), forMs: chance.pick([900, 2_500, 6_000, 15_000]) },
  ],
  (_scene, chance) => [
    { what: 'overlap', origin: homeOf(chance), forMs: chance.pick([1_000, 6_000, 20_000]) },
  ],
  // Two processes share each address when an answer gets lost: that of a first visit, or the one that has the state of a claim.
  ({ shape }, chance) => [
    ...['a', 'b', 'c']
      .slice(0, shape.origins)
      .map((origin) => ({ what: 'overlap', origin, forMs: 12_000 }) as const),
    { what: 'lose', text: chance.pick([' new', ' with state']) },
    { what: 'cut', link: `edge${edgeOf(shape, chance)}>home of 0`, forMs: 1_200 },
  ],
  ({ shape }, chance) => {
    const edge = `edge${edgeOf(shape, chance)}`;
    const link = chance.pick([`${edge}>shard`, `home of 0>${edge}`, `${edge}>monitor`, 'shard>monitor']);
    return [{ what: 'cut', link, forMs: chance.pick([500, 2_500, 6_000]) }];
  },
  (_scene, chance) => [{ what: 'cut', link: `monitor>${homeOf(chance)}`, forMs: 15_000 }],
  (_scene, chance) => [{ what: 'weather', weather: weatherOf(chance), forMs: chance.pick([2_000, 6_000]) }],
  (_scene, chance) => [{ what: 'evict', object: 'shard', afterMs: chance.between(0, 25) }],
  (_scene, chance) => [{ what: 'evict', object: 'monitor', afterMs: chance.between(0, 25) }],
  ({ shape }, chance) => [{ what: 'recycle', edge: edgeOf(shape, chance) }],
];

function troubleOf(scene: Scene, chance: Chance): Step[] {
  return Array.from({ length: chance.between(1, 4) }, () => chance.pick(troubles)(scene, chance)).flatMap(
    (faults) => {
      const atMs = scene.atMs + chance.between(0, 5_000);
      return faults.map(({ inMs = 0, ...fault }): Step => ({ kind: 'fault', atMs: atMs + inMs, fault }));
    },
  );
}

/** Most often where it hurts. */
function homeOf(chance: Chance): string {
  return chance.pick(['home of 0', 'home of 0', 'home of 1', 'a', 'b']);
}

function edgeOf({ edges }: Shape, chance: Chance): number {
  return chance.between(0, edges - 1);
}

function weatherOf(chance: Chance): Weather {
  const often = () => chance.pick([0, 0.05, 0.2]);
  return {
    lostQuestion: often(),
    lostAnswer: often(),
    slow: chance.pick([0.1, 0.4]),
    twice: often(),
    evictions: often(),
  };
}
