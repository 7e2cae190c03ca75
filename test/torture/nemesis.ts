import { setTimeout as after } from 'node:timers/promises';
import type { Fault, FaultKind } from './schedule.ts';
import type { Stage, Victim } from './stage.ts';

/** Does all of it, at its time. When it is done every origin is up again. */
export async function inflict(faults: readonly Fault[], stage: Stage, clock: () => number): Promise<void> {
  for (const fault of faults) {
    await after(Math.max(0, fault.atMs - clock()));
    await (fault.kind === 'edge restart'
      ? stage.restartEdge()
      : suffer(stage.origin(fault.victim), fault.kind, fault.forMs));
  }
}

async function suffer(
  victim: Victim,
  kind: Exclude<FaultKind, 'edge restart'>,
  forMs: number,
): Promise<void> {
  switch (kind) {
    case 'blink':
    case 'hesitate':
    case 'freeze':
      victim.signal('SIGSTOP');
      await after(forMs);
      return victim.signal('SIGCONT');
    case 'restart':
    case 'crash':
      await victim.kill();
      await after(forMs);
      return victim.start();
    case 'freeze and crash':
      victim.signal('SIGSTOP');
      await after(forMs);
      await victim.kill();
      return victim.start();
    default:
      return kind satisfies never;
  }
}
