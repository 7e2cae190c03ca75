import config from '../limpet.config.ts';
import { limpet } from './package.ts';

export { PoolMonitor, Prober, SessionShard, ShardReplica } from './package.ts';

export default limpet(config);
