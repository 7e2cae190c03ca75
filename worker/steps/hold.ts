import type { OriginId } from '../core/ids.ts';
import { standingOf } from '../core/snapshot.ts';
import type { Visit } from '../visit.ts';

/** Longest that one request waits, whatever the operator's `holdMs` is. */
const patienceMs = 10_000;
const betweenProbesMs = 200;

/**
 * The only copy of this session is in home's memory, so suspicion is not enough to leave it. Home is left when it refuses a probe, when it has been
 * silent for `holdMs`, or on the monitor's word.
 */
export async function hold(visit: Visit, home: OriginId): Promise<'answers' | 'left' | 'in doubt'> {
  const { edge, pool } = visit;
  const silentSince = pool.suspicions.since(home, visit.now) ?? visit.now;
  for (;;) {
    if (standingOf(pool.snapshots.current().snapshot, home).health === 'down') return 'left';
    const verdict = await pool.doubt(home);
    if (verdict === 'refuses') return 'left';
    if (verdict === 'answers') {
      pool.suspicions.trust(home, edge.clock.now());
      return 'answers';
    }
    const now = edge.clock.now();
    if (now - silentSince >= pool.config.session.holdMs) return 'left';
    if (now - visit.now >= patienceMs) return 'in doubt';
    await edge.timers.sleep(betweenProbesMs);
  }
}
