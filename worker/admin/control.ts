import type { Account } from '../core/drain.ts';
import type { OriginId, SessionId } from '../core/ids.ts';
import { parseSessionId } from '../core/session-id.ts';
import type { Resident } from '../ports.ts';
import type { Edge, Pool } from '../visit.ts';

/** What an instance answers to an order of the edge's (docs/contract.md §7). */
export interface Answered extends Account {
  readonly released: ReadonlySet<SessionId>;
}

const bucketMs = 60_000;
const patienceMs = 2_000;

/** Asks an origin to let go of these sessions, or with none for its account; undefined where it does not speak of such things, or not now. */
export async function control(
  edge: Edge,
  pool: Pool,
  origin: OriginId,
  sessions: readonly Resident[] = [],
): Promise<Answered | undefined> {
  const { url, via = '' } = pool.origins.get(origin) ?? {};
  if (url === undefined) return undefined;
  const fetch = edge.bound.get(via) ?? edge.fetch;
  const late = new AbortController();
  const cancel = edge.timers.after(patienceMs, () => late.abort());
  try {
    const headers = await signed(edge, pool, origin, orderOf(sessions));
    const { signal } = late;
    const answer = await fetch(`${url}/.limpet/control`, { headers, redirect: 'manual', signal });
    return readAccount(
      answer.headers.has('limpet-instance') ? await answer.json<unknown>() : await discarded(answer),
    );
  } catch (error) {
    edge.counters.add('control_unanswered');
    console.error(`Cannot ask ${origin} of pool ${pool.name} for its account: ${String(error)}`);
    return undefined;
  } finally {
    cancel();
  }
}

function orderOf(sessions: readonly Resident[]): string {
  if (sessions.length === 0) return 'account';
  return `release ${sessions.map(({ session, epoch, version }) => `${session}:${epoch}:${version}`).join()}`;
}

async function signed(edge: Edge, pool: Pool, origin: OriginId, order: string) {
  const bucket = Math.floor(edge.clock.now() / bucketMs);
  const mac = await pool.keyring.signRequest(origin, ['limpet-control-v1', bucket, order].join('\n'));
  return {
    'limpet-control': order,
    'limpet-signature': `v1.${bucket}.${mac}`,
    'user-agent': 'limpet-control',
  };
}

async function discarded(answer: Response): Promise<undefined> {
  await answer.body?.cancel();
}

function readAccount(said: unknown): Answered | undefined {
  if (typeof said !== 'object' || said === null || !('inFlight' in said) || !('quietMs' in said))
    return undefined;
  const { inFlight, quietMs } = said;
  const released = 'released' in said && Array.isArray(said.released) ? said.released : [];
  if (typeof inFlight !== 'number' || typeof quietMs !== 'number') return undefined;
  return {
    inFlight,
    quietMs,
    released: new Set(released.flatMap((name) => parseSessionId(String(name)) ?? [])),
  };
}
