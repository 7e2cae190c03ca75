import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile } from '../numbers.ts';
import { workerAt } from '../request-path/worker-code.ts';
import { startWorkerd } from '../request-path/workerd.ts';

interface Measured {
  readonly delays: number[];
  readonly puts: number[];
  readonly lost: number;
}

interface Row {
  readonly lineMs: number;
  readonly durability: 'primary' | 'quorum';
}

const rows: readonly Row[] = [
  { lineMs: 0, durability: 'primary' },
  { lineMs: 40, durability: 'primary' },
  { lineMs: 0, durability: 'quorum' },
  { lineMs: 40, durability: 'quorum' },
];

const goalMs = 100;

/** From the answer to a put until the replica can be read, without and with a line of 40 ms each way between the two. */
export async function propagation(words: string[]): Promise<number> {
  const options = {
    json: { type: 'boolean', default: false },
    puts: { type: 'string', default: '1000' },
  } as const;
  const { values } = parseArgs({ args: words, options });
  const folder = mkdtempSync(join(tmpdir(), 'limpet-bench-'));
  const code = await workerAt(fileURLToPath(new URL('./propagation-worker.ts', import.meta.url)));
  const objects = { SESSION_SHARD: 'SessionShard', SHARD_REPLICA: 'FarReplica', POOL_MONITOR: 'PoolMonitor' };
  const workerd = await startWorkerd(folder, { code, text: {}, objects, stores: { FALLBACK: emptyStore } });
  try {
    const said = [];
    for (const [shard, row] of rows.entries()) said.push(await measure(workerd.url, row, shard, values.puts));
    console.log(values.json ? JSON.stringify({ rows: said }) : said.map(sentence).join('\n'));
    return said.every(({ p99Ms, lost }) => p99Ms < goalMs && lost === 0) ? 0 : 1;
  } finally {
    workerd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const emptyStore = 'export default { fetch: () => new Response(null, { status: 404 }) }';

async function measure(url: string, row: Row, shard: number, puts: string) {
  const query = new URLSearchParams({ ...row, lineMs: String(row.lineMs), shard: String(shard), puts });
  const response = await fetch(`${url}/?${query}`);
  if (!response.ok) throw new Error(`Cannot measure: ${response.status} ${await response.text()}`);
  const { delays, puts: answers, lost } = (await response.json()) as Measured;
  const [p50Ms, p99Ms] = [quantile(delays, 0.5), quantile(delays, 0.99)];
  return {
    ...row,
    count: delays.length,
    p50Ms,
    p99Ms,
    putP50Ms: quantile(answers, 0.5),
    putP99Ms: quantile(answers, 0.99),
    lost,
  };
}

function sentence({
  lineMs,
  durability,
  count,
  p50Ms,
  p99Ms,
  putP50Ms,
  putP99Ms,
  lost,
}: Awaited<ReturnType<typeof measure>>): string {
  return (
    `${durability}, ${lineMs} ms each way: answer to readable at the replica p50 ${p50Ms} ms, p99 ${p99Ms} ms; ` +
    `put to answer p50 ${putP50Ms} ms, p99 ${putP99Ms} ms (${count} puts, ${lost} never seen)`
  );
}
