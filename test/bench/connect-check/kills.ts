import { limpetWith } from '../failover/balancers.ts';
import { figuresOf, wrongIn } from '../failover/figures.ts';
import { runOnce, type Seen } from '../failover/run.ts';

/** POSTs without a key of clients whose origin was killed. */
export interface Kill {
  readonly clients: number;
  /** Failed, and had been sent to the origin before it died: it may have executed them. */
  readonly underWay: number;
  /** Failed, and came after its death. */
  readonly later: number;
  readonly firstSuccessMs: number;
  readonly twice: number;
}

const plan = { perKind: 15, warmMs: 1_000, slowMs: 0, observedMs: 3_000 };

export async function killOnce(connectCheckMs: number): Promise<Kill | string> {
  const seen = await runOnce(limpetWith({ connectCheckMs }), 'SIGKILL', plan);
  return wrongIn(seen) ?? killOf(seen);
}

function killOf(seen: Seen): Kill {
  const { clients, victim, faultAt } = seen;
  const posting = clients.filter(({ home, kind }) => home === victim && kind === 'post');
  const failed = posting.flatMap(({ events }) => events).filter(({ status }) => status !== 200);
  const { firstSuccessMs, twice } = figuresOf(seen);
  return {
    clients: posting.length,
    underWay: failed.filter(({ startedAt }) => startedAt <= faultAt).length,
    later: failed.filter(({ startedAt }) => startedAt > faultAt).length,
    firstSuccessMs: Math.max(...firstSuccessMs.post),
    twice,
  };
}
