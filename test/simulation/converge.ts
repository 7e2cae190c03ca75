import type { Entry } from '../../worker/core/page.ts';
import { entriesIn } from './audit.ts';
import type { ObjectHost } from './object-host.ts';
import { bytesOf } from './oracle.ts';
import { generationOf, shardKeyOf } from './succession.ts';
import type { World } from './world.ts';

/** I7: when all has been healthy for a while, each replica holds what its shard holds. */
export function checkReplicas(world: World): void {
  for (const shard of world.hosts('shard')) {
    for (const replica of replicasOf(world, shard)) compare(world, shard, replica);
  }
}

/** A promoted one is the only copy until its own replicas are filled, which every write that is acknowledged waits for. */
export function hasWholeCopy(world: World, shard: ObjectHost): boolean {
  if (generationOf(shard) === 0) return true;
  return replicasOf(world, shard).some(
    ({ storage }) => Object(storage.value('position')).kind === 'following',
  );
}

function replicasOf(world: World, shard: ObjectHost): ObjectHost[] {
  const generation = generationOf(shard);
  const line = `shop:${shardKeyOf(shard)}${generation === 0 ? '' : `:g${generation}`}`;
  const names = [1, 2].map((index) => `replica ${line}:${index}`);
  return world.hosts('replica').filter(({ name }) => names.includes(name));
}

function compare(world: World, shard: ObjectHost, replica: ObjectHost): void {
  const [theirs, ours] = [textsIn(world, shard), textsIn(world, replica)];
  for (const [session, text] of theirs) {
    if (ours.get(session) === text) continue;
    const found = ours.get(session) ?? 'nothing';
    world.oracle.violated('I7', `${replica.name} has ${found} of ${session.slice(-4)}, its shard ${text}`);
  }
  for (const session of ours.keys())
    if (!theirs.has(session))
      world.oracle.violated('I7', `${replica.name} has ${session.slice(-4)}, its shard does not`);
}

/** What is alive, as one can compare it. */
function textsIn(world: World, host: ObjectHost): Map<string, string> {
  const alive = [...entriesIn(world, host)].filter(([, entry]) => isAlive(entry, world.scheduler.now));
  return new Map(alive.map(([session, entry]) => [session, textOf(host, entry)]));
}

function textOf({ storage }: ObjectHost, { slot, state }: Entry): string {
  const bytes = bytesOf(storage, state);
  const sum = bytes.reduce((mixed, byte) => (Math.imul(mixed, 31) + byte) | 0, bytes.length);
  return `${JSON.stringify(slot)} ${sum}`;
}

function isAlive({ slot }: Entry, now: number): boolean {
  return slot.kind === 'ended' ? slot.endsAt > now : slot.row.expiresAt > now;
}
