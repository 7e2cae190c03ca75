import { env } from 'cloudflare:workers';
import { poolName } from '../../worker/core/ids.ts';
import { createLimpetStates } from '../../worker/stores/limpet-states.ts';
import { platform } from '../../worker/stores/platform.ts';
import { createShards } from '../../worker/stores/session-shards.ts';
import { describeStateStore } from '../contracts/state-store.contract.ts';

describeStateStore('Limpet’s own shards', async () => ({
  states: createLimpetStates(
    createShards(poolName(`pool-${crypto.randomUUID()}`), env.SESSION_SHARD, {
      ...platform,
      deadlineMs: 10_000,
      callMs: 10_000,
    }),
  ),
  now: () => Date.now(),
  pass: (ms) => platform.timers.sleep(ms),
}));
