import type { PlacedObjects } from '../../worker/stores/shard-replicas.ts';
import type { PoolMonitor } from '../pool-monitor.ts';
import type { ReplicaSink } from './replica-object.ts';

/** What a shard and its replicas are bound to. */
export interface ShardEnv {
  readonly POOL_MONITOR: DurableObjectNamespace<PoolMonitor>;
  readonly SHARD_REPLICA: PlacedObjects<ReplicaSink>;
  readonly FALLBACK: KVNamespace;
}
