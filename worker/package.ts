/** What `import … from 'limpet'` gives a Worker of one's own. */
export { PoolMonitor } from '../durable-objects/pool-monitor.ts';
export { Prober } from '../durable-objects/prober.ts';
export { SessionShard } from '../durable-objects/session-shard.ts';
export { ShardReplica } from '../durable-objects/shard-replica.ts';
export { type ConfigInput, defineConfig } from './config/define-config.ts';
export { limpet, type LimpetContext, type LimpetEnv, type LimpetHandler } from './limpet.ts';
