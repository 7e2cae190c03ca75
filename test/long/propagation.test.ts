import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Edge, type Lab, startLab } from '../system/harness/lab.ts';
import { secrets } from '../system/harness/secrets.ts';
import { until } from '../system/harness/until.ts';

let lab: Lab;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 2_000, timeoutMs: 500, fall: 2, rise: 1 };
  lab = await startLab({ origins: ['a', 'b', 'c'], pools: [{ health }, { health }] });
});
afterAll(() => lab?.end());

interface Told {
  readonly origin: string;
  readonly recovery: Readonly<Record<'detectionMs' | 'propagationMs' | 'totalMs', number | null>>;
  readonly moved: number;
}

async function asked<Answer>(edge: Edge | undefined, path: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${secrets.ADMIN_TOKEN}` };
  const answer = await fetch(`${edge?.url}/.limpet/admin/${path}`, { headers });
  const { pools } = (await answer.json()) as { pools: [Answer] };
  return pools[0];
}

const incidentsAt = async (edge: Edge | undefined) =>
  (await asked<{ incidents: readonly Told[] }>(edge, 'incidents')).incidents;

interface Status {
  readonly monitor: { readonly version: number };
  readonly here: { readonly snapshotVersion: number };
  readonly origins: readonly { readonly id: string; readonly health: string }[];
}

/** Whether this edge's own snapshot says that a is down. */
async function hasHeard(edge: Edge | undefined): Promise<boolean> {
  const { monitor, here, origins } = await asked<Status>(edge, 'status');
  return (
    here.snapshotVersion === monitor.version &&
    origins.some(({ id, health }) => id === 'a' && health === 'down')
  );
}

/** A visitor of this edge with a session at home a. */
async function visitorAtA(edge: Edge | undefined) {
  for (let at = 0; at < 100; at++) {
    const client = edge?.client();
    const seen = await client?.post(`/cart?item=${at}`, { 'user-agent': `browser ${at}` });
    if (client !== undefined && seen?.home === 'a') return client;
  }
  throw new Error('Nobody was placed at a');
}

it('[IN13] one edge meets the failure, the other hears of it, and the record says how long that took', async () => {
  const [near, far] = lab.edges;
  const here = await visitorAtA(near);
  const there = await visitorAtA(far);
  const another = far?.client();
  await lab.origin('a').kill();
  expect((await here.get('/cart')).status).toBe(200);
  await until('the far edge has heard', async () => (await another?.get('/who'), hasHeard(far)));
  expect((await there.get('/cart')).reason).toBe('home_down');
  const told = await until(
    'both edges have told',
    async () =>
      (await incidentsAt(near)).find(({ moved, recovery }) => moved === 2 && recovery.propagationMs !== null),
    25_000,
  );
  expect(told.origin).toBe('a');
  expect(told.recovery.propagationMs).toBeLessThan(3_000);
  expect(told.recovery.totalMs).toBeLessThan(4_000);
});
