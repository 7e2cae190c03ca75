import type { Promotion } from '../../worker/core/promotion.ts';
import { entriesIn } from './audit.ts';
import type { ObjectHost } from './object-host.ts';
import type { World } from './world.ts';

/** A replica has become the shard: from here on its storage counts, and that of the one before does not. */
export function succeed(world: World, replica: ObjectHost, shard: string): void {
  const [before] = world.hosts('shard').filter((host) => shardKeyOf(host) === shard);
  const hasHandedOver = before?.storage.value('replacedBy') !== undefined;
  const isWhole = hasHandedOver || world.shape.durability === 'quorum';
  before?.rename('former');
  replica.rename('shard');
  world.scheduler.note(`${replica.name} is the shard ${shard} now${isWhole ? '' : ', changes may be lost'}`);
  world.oracle.succeeded(replica.storage, entriesIn(world, replica), shard, isWhole ? 'whole' : 'lossy');
}

/** `shop:xx00001:g1:2` is of `xx00001`. */
export function shardKeyOf({ name }: ObjectHost): string {
  return name.slice(name.indexOf(':') + 1).slice(0, 7);
}

export function generationOf({ storage }: ObjectHost): number {
  const { generation = 0 }: Partial<Promotion> = Object(storage.value('promotion'));
  return generation;
}

/** A replica of which the monitor has not been asked yet since it was promoted: what the one before it had to raise may not have been raised. */
export function isInstalled(host: ObjectHost): boolean {
  return generationOf(host) === 0 || host.storage.value('recorded') === true;
}

/** An attempt to replace it has begun, and has come to no end. */
export function isClosed(world: World, shard: ObjectHost): boolean {
  const [monitor] = world.hosts('monitor');
  if (monitor === undefined || !monitor.storage.has('promotion')) return false;
  const [row] = monitor.storage.query('SELECT body FROM promotion WHERE shard = ?', shardKeyOf(shard));
  return row !== undefined && JSON.parse(String(row['body'])).closedTo > generationOf(shard);
}
