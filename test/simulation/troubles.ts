import type { Chance } from './chance.ts';
import type { Fault } from './faults.ts';
import type { Weather } from './network.ts';
import type { Shape } from './world.ts';

/** Faults that belong together; `inMs`: so much later than the first. */
type Trouble = readonly (Fault & { readonly inMs?: number })[];
type Draw = (shape: Shape, chance: Chance) => Trouble;

/**
 * Two processes share each address when an answer gets lost: that of a first visit, or the one that has the state of a claim.
 */
const lostAnswer: Draw = (shape, chance) => [
  ...['a', 'b', 'c']
    .slice(0, shape.origins)
    .map((origin) => ({ what: 'overlap', origin, forMs: 12_000 }) as const),
  { what: 'lose', text: chance.pick([' new', ' with state']) },
  { what: 'cut', link: `edge${edgeOf(shape, chance)}>home of 0`, forMs: 1_200 },
];

/** What goes wrong together. */
const troubles: readonly Draw[] = [
  lostAnswer,
  lostAnswer,
  // One edge suspects a home that works: the session moves while others still use the old one.
  (shape, chance) => [
    {
      what: 'cut',
      link: `edge${edgeOf(shape, chance)}>${homeOf(chance)}`,
      forMs: chance.pick([800, 2_500, 6_000]),
    },
  ],
  // A → B → A: two edges suspect one after the other.
  (shape, chance) => [
    { what: 'cut', link: `edge${edgeOf(shape, chance)}>home of 0`, forMs: 1_500 },
    {
      what: 'cut',
      link: `edge${edgeOf(shape, chance)}>home of 0`,
      forMs: 1_500,
      inMs: chance.between(1_600, 4_000),
    },
  ],
  (_shape, chance) => [
    { what: 'crash', origin: homeOf(chance), forMs: chance.pick([50, 600, 2_500, 15_000]) },
  ],
  (_shape, chance) => [
    { what: 'freeze', origin: homeOf(chance), forMs: chance.pick([900, 2_500, 6_000, 15_000]) },
  ],
  (_shape, chance) => [
    { what: 'overlap', origin: homeOf(chance), forMs: chance.pick([1_000, 6_000, 20_000]) },
  ],
  (shape, chance) => {
    const edge = `edge${edgeOf(shape, chance)}`;
    const link = chance.pick([`${edge}>shard`, `home of 0>${edge}`, `${edge}>monitor`, 'shard>monitor']);
    return [{ what: 'cut', link, forMs: chance.pick([500, 2_500, 6_000]) }];
  },
  (_shape, chance) => [{ what: 'cut', link: `monitor>${homeOf(chance)}`, forMs: 15_000 }],
  (_shape, chance) => [{ what: 'weather', weather: weatherOf(chance), forMs: chance.pick([2_000, 6_000]) }],
  (_shape, chance) => [{ what: 'evict', object: 'shard', afterMs: chance.between(0, 25) }],
  (_shape, chance) => [{ what: 'evict', object: 'monitor', afterMs: chance.between(0, 25) }],
  (shape, chance) => [{ what: 'recycle', edge: edgeOf(shape, chance) }],
];

/** What goes wrong where there are replicas. */
const copyTroubles: readonly Draw[] = [
  (_shape, chance) => [
    {
      what: 'cut',
      link: chance.pick(['shard>replica', 'shard>replica', 'shard>monitor']),
      forMs: chance.pick([500, 2_500, 20_000]),
    },
  ],
  (_shape, chance) => [{ what: 'evict', object: 'replica', afterMs: chance.between(0, 25) }],
  // By plan, while everything works.
  (_shape, chance) => [{ what: 'promote', shard: chance.between(0, 1), acceptLoss: false }],
  // The shard is gone for good, and somebody notices after a while.
  (shape, chance) => {
    const shard = chance.between(0, 1);
    const acceptLoss = shape.durability !== 'quorum';
    return [
      { what: 'gone', shard },
      { what: 'promote', shard, acceptLoss, inMs: chance.between(500, 4_000) },
    ];
  },
  // It is away, is replaced, and comes back as what it was.
  (shape, chance) => {
    const shard = chance.between(0, 1);
    const acceptLoss = shape.durability !== 'quorum' && chance.happens(0.5);
    return [
      { what: 'gone', shard, forMs: chance.pick([3_000, 9_000, 15_000]) },
      { what: 'promote', shard, acceptLoss, inMs: chance.between(200, 2_000) },
    ];
  },
  // Cut off from some edges, its monitor or its replicas: it is alive, and does not know that it is replaced.
  (shape, chance) => {
    const acceptLoss = shape.durability !== 'quorum';
    const links = ['shard>monitor', 'shard>replica', ...[0, 1, 2].map((edge) => `edge${edge}>shard`)];
    const forMs = chance.between(8_000, 25_000);
    return [
      ...links
        .filter((link) => link !== 'edge1>shard' && chance.happens(0.8))
        .map((link) => ({ what: 'cut', link, forMs }) as const),
      { what: 'promote', shard: chance.between(0, 1), acceptLoss, inMs: chance.between(50, 1_000) },
    ];
  },
];

export function troubleOf(shape: Shape, chance: Chance): Trouble {
  const isOfCopies = shape.replicas > 0 && chance.happens(0.35);
  return chance.pick(isOfCopies ? copyTroubles : troubles)(shape, chance);
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
