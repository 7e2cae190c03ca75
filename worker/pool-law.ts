import type { Bindings, SessionObjects } from './bindings.ts';
import type { PoolConfig } from './config/config.ts';
import type { ProbingPolicy } from './core/probing.ts';
import type { Replication } from './core/replication.ts';

export function policyOf(config: PoolConfig, bindings: Bindings): ProbingPolicy {
  const { drainOn404, ...health } = config.health;
  const jurisdiction = jurisdictionOf(config, bindings);
  const policy = { ...health, jurisdiction, runtime: bindings.runtime };
  return drainOn404 ? { ...policy, drainOn404Ms: config.drain.deadlineMs } : policy;
}

/** The local runtime knows no jurisdictions: there is one machine. */
function jurisdictionOf({ session }: PoolConfig, { runtime }: Bindings): string {
  return runtime === 'local' ? '' : session.jurisdiction;
}

export function replicationOf(config: PoolConfig, bindings: Bindings): Replication {
  const { replicas, replicaRegions, durability } = config.session;
  const jurisdiction = jurisdictionOf(config, bindings);
  const places = Array.from({ length: replicas }, (_, index) => ({
    region: replicaRegions[index] ?? '',
    jurisdiction,
  }));
  return { revision: bindings.revision, durability, places };
}

/** The objects under the law that the pool's sessions have to stay under. */
export function lawful(shards: SessionObjects, config: PoolConfig, bindings: Bindings): SessionObjects {
  const jurisdiction = jurisdictionOf(config, bindings);
  if (jurisdiction === '') return shards;
  if (shards.jurisdiction === undefined)
    throw new Error(`Cannot keep sessions in ${jurisdiction}: these objects know no jurisdiction`);
  return shards.jurisdiction(jurisdiction as DurableObjectJurisdiction);
}
