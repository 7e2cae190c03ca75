import type { PoolName, SessionId } from '../core/ids.ts';
import type { LostWrite } from '../core/lost-write.ts';
import type { Clock, LostWrites, Timers, Unreachable, WaitUntil } from '../ports.ts';
import { persist } from './session-shards.ts';

/** What a pool's monitor keeps of lost writes. */
export interface LostObject {
  noteLost(writes: readonly LostWrite[]): Promise<{ readonly kind: 'noted' }>;
  lost(): Promise<readonly LostWrite[]>;
  forgetLost(sessions: readonly SessionId[]): Promise<{ readonly kind: 'forgotten' }>;
}

export interface LostObjects {
  getByName(name: string): LostObject;
}

export interface LostWritesOptions {
  readonly pool: PoolName;
  readonly monitors: LostObjects;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly waitUntil: WaitUntil;
}

/** While a shard is away every write of it is lost: an isolate tells the monitor at most this often, and of so many. */
const tellEveryMs = 10_000;
const waitingMax = 100;
/** A call that has been under way for longer is not waited for: its request may have been cancelled. */
const overdueMs = 10_000;

/** This isolate's account of lost writes, and the monitor's. Never throws. */
export function createLostWrites(options: LostWritesOptions): LostWrites {
  const { pool, monitors, clock, timers, waitUntil } = options;
  let waiting: LostWrite[] = [];
  let toldAt = Number.NEGATIVE_INFINITY;
  let tellingUntil = Number.NEGATIVE_INFINITY;
  const ask = <Answer>(call: (monitor: LostObject) => Promise<Answer>): Promise<Answer | Unreachable> =>
    persist(() => call(monitors.getByName(pool)), { clock, timers });

  async function tell(afterMs: number): Promise<void> {
    if (afterMs > 0) await timers.sleep(afterMs);
    const writes = waiting;
    waiting = [];
    toldAt = clock.now();
    const said = await ask((monitor) => monitor.noteLost(writes));
    tellingUntil = clock.now();
    if (said.kind !== 'unreachable') return;
    waiting = [...writes, ...waiting].slice(0, waitingMax);
    console.error(
      JSON.stringify({ event: 'lost_writes_not_told', pool, writes: writes.length, why: said.why }),
    );
  }

  return {
    note(write) {
      if (waiting.length < waitingMax) waiting.push(write);
      const now = clock.now();
      if (tellingUntil > now) return;
      const afterMs = Math.max(0, toldAt + tellEveryMs - now);
      tellingUntil = now + afterMs + overdueMs;
      waitUntil(tell(afterMs));
    },
    list: () => ask((monitor) => monitor.lost()),
    forget: (sessions) => ask((monitor) => monitor.forgetLost(sessions)),
  };
}
