import { createLimpetStates } from '../../../worker/stores/limpet-states.ts';
import { describeStateStore } from '../../contracts/state-store.contract.ts';
import { manualClock } from '../manual-clock.ts';
import { memoryShards } from '../memory-shards.ts';
import { startMs } from '../visit.ts';

describeStateStore('Limpet’s own shards, as rules alone', async () => {
  const clock = manualClock(startMs);
  return {
    states: createLimpetStates(memoryShards(clock)),
    now: () => clock.now(),
    pass: (ms) => clock.pass(ms),
  };
});
