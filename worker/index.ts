import config from './checked-config.ts';
import { handlerOf } from './handler.ts';

export { PoolMonitor } from '../durable-objects/pool-monitor.ts';
export { Prober } from '../durable-objects/prober.ts';
export { SessionShard } from '../durable-objects/session-shard.ts';
export { ShardReplica } from '../durable-objects/shard-replica.ts';

export default handlerOf(config);
