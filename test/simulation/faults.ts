import { drain, order } from './drains.ts';
import { calm, type Weather } from './network.ts';
import type { ObjectHost } from './object-host.ts';
import type { World } from './world.ts';

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
  | { readonly what: 'evict'; readonly object: 'shard' | 'replica' | 'monitor'; readonly afterMs: number }
  | { readonly what: 'recycle'; readonly edge: number }
  /** One shard's machine is gone; for good, with its storage, where no time is given. */
  | { readonly what: 'gone'; readonly shard: number; readonly forMs?: number }
  /** An operator promotes a replica of it. */
  | { readonly what: 'promote'; readonly shard: number; readonly acceptLoss: boolean }
  /** An operator drains it, and lets it work again after a while. */
  | { readonly what: 'drain'; readonly origin: string; readonly forMs: number };

/** Lets a fault happen, and be over after its time. */
export function strike(world: World, planned: Fault, homes: (browser: number) => string): void {
  const fault = aimed(planned, homes);
  const { scheduler, network, outside } = world;
  const later = (run: () => void) =>
    void ('forMs' in fault && fault.forMs !== undefined && scheduler.after(fault.forMs, outside, run));
  scheduler.note(`fault: ${JSON.stringify(fault)}`);
  switch (fault.what) {
    case 'crash':
      crash(world, fault.origin);
      return later(
        () => world.origins.living(fault.origin).length === 0 && world.origins.start(fault.origin),
      );
    case 'freeze': {
      const frozen = world.origins.living(fault.origin).map(({ process }) => process);
      for (const process of frozen) process.freeze();
      return later(() => frozen.forEach((process) => scheduler.thaw(process)));
    }
    case 'overlap': {
      const old = world.origins.living(fault.origin).map(({ process }) => process);
      world.origins.start(fault.origin);
      return later(() => old.forEach((process) => process.kill()));
    }
    case 'cut':
      network.cut(fault.link);
      return later(() => network.mend(fault.link));
    case 'lose':
      return network.loseAnswerTo(fault.text);
    case 'weather':
      network.weather = fault.weather;
      return later(() => (network.weather = world.isHealed ? calm : world.climate));
    case 'evict':
      for (const host of world.hosts(fault.object)) host.evictDuringNextCall(fault.afterMs);
      return;
    case 'gone': {
      const shard = shardAt(world, fault.shard);
      shard?.takeAway();
      return later(() => shard?.bringBack());
    }
    case 'promote': {
      const shard = shardAt(world, fault.shard);
      if (shard !== undefined) void world.operator.promote(shard, fault.acceptLoss);
      return;
    }
    case 'recycle':
      return world.edges[fault.edge]?.recycle();
    case 'drain':
      drain(world, fault.origin, fault.forMs);
      return later(() => void order(world, fault.origin, 'activate', {}));
    default:
      return fault satisfies never;
  }
}

function aimed(fault: Fault, homes: (browser: number) => string): Fault {
  const aim = (text: string) => text.replace(/home of (\d)/, (_, browser: string) => homes(Number(browser)));
  if ('origin' in fault) return { ...fault, origin: aim(fault.origin) };
  return 'link' in fault ? { ...fault, link: aim(fault.link) } : fault;
}

function shardAt(world: World, number: number): ObjectHost | undefined {
  const shards = world.hosts('shard');
  return shards[number % Math.max(1, shards.length)];
}

function crash(world: World, origin: string): void {
  for (const { process } of world.origins.living(origin)) {
    world.scheduler.note(`${process.name} crashes`);
    process.kill();
  }
}

/** Everything is healthy again: what was broken is mended, what was away is back. */
export function heal(world: World): void {
  const { network, scheduler } = world;
  scheduler.note('everything is healthy again');
  network.mend();
  world.isHealed = true;
  network.weather = calm;
  for (const origin of world.origins.ids) {
    void order(world, origin, 'activate', {});
    for (const { process } of world.origins.living(origin)) scheduler.thaw(process);
    if (world.origins.living(origin).length === 0) world.origins.start(origin);
  }
}
