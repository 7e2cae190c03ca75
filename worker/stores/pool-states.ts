import type { PoolConfig } from '../config/config.ts';
import type { StoreSecrets } from '../config/store-secrets.ts';
import { poolName } from '../core/ids.ts';
import type { ShardDesk, Shards, StateStore } from '../ports.ts';
import { createLimpetStates } from './limpet-states.ts';
import type { Platform } from './platform.ts';
import { createRedisHttp } from './redis/redis-http.ts';
import { createRedisStates } from './redis/redis-states.ts';
import { createRedisTcp, type OpenSocket } from './redis/redis-tcp.ts';
import { createSharedDesk } from './shared-desk.ts';

/** The store that the operator has chosen for a pool whose origins share one; undefined in the other modes. */
export function createPoolStates(
  { name, session }: PoolConfig,
  shards: Shards,
  { redis, redisHttp }: StoreSecrets,
  {
    clock,
    timers,
    fetch,
    openSocket,
  }: Pick<Platform, 'clock' | 'timers' | 'fetch'> & { openSocket: OpenSocket },
): StateStore | undefined {
  if (session.mode !== 'external') return undefined;
  switch (session.store) {
    case 'limpet':
      return createLimpetStates(shards);
    case 'redis':
      if (redis === undefined) throw missing(name, 'REDIS_URL');
      return createRedisStates(poolName(name), createRedisTcp(redis, openSocket, timers), { clock, timers });
    case 'redis-http':
      if (redisHttp === undefined) throw missing(name, 'REDIS_HTTP_URL');
      return createRedisStates(poolName(name), createRedisHttp(redisHttp, fetch), { clock, timers });
    default:
      return session.store satisfies never;
  }
}

/** A renewal moves the expiry of the row; a state that is elsewhere must live as long, though nobody changes it. */
export function createPoolShards(
  { session }: PoolConfig,
  shards: Shards,
  states: StateStore | undefined,
): Shards {
  if (states === undefined || session.store === 'limpet') return shards;
  return {
    ...shards,
    async renew(id, wish) {
      const [said, touched] = await Promise.all([shards.renew(id, wish), states.touch(id, wish)]);
      return touched.kind === 'touched' ? said : touched;
    },
  };
}

/** The shards end their own states; another store must be told. */
export function createPoolDesk(
  { session }: PoolConfig,
  desk: ShardDesk,
  states: StateStore | undefined,
): ShardDesk {
  return states === undefined || session.store === 'limpet' ? desk : createSharedDesk(desk, states);
}

function missing(pool: string, secret: string): Error {
  return new Error(`Cannot keep the states of pool ${pool}: ${secret} is not there`);
}
