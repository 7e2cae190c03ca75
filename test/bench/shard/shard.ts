import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../numbers.ts';
import { foreignMax, idleLoad } from '../request-path/quiet.ts';
import { workerAt } from '../request-path/worker-code.ts';
import { startWorkerd } from '../request-path/workerd.ts';
import type { Told } from './shard-worker.ts';

interface Row {
  readonly name: string;
  readonly what: 'create' | 'put' | 'claim';
  readonly bytes: number;
  readonly clients: number;
}

const rows: readonly Row[] = [
  { name: 'sessions created', what: 'create', bytes: 0, clients: 64 },
  { name: 'puts of 1 KB', what: 'put', bytes: 1_024, clients: 64 },
  { name: 'puts of 1 KB, one client', what: 'put', bytes: 1_024, clients: 1 },
  { name: 'puts of 64 KB', what: 'put', bytes: 65_536, clients: 16 },
  { name: 'puts of 1 MB', what: 'put', bytes: 1_048_576, clients: 4 },
  { name: 'claims with 1 KB', what: 'claim', bytes: 1_024, clients: 64 },
];

const options = {
  json: { type: 'boolean', default: false },
  trial: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
} as const;

/** What one shard does in a second, and what each change costs in calls and billed rows. */
export async function shard(words: string[]): Promise<number> {
  const { values } = parseArgs({ args: words, options });
  const { trial, json } = values;
  const rounds = Number(values.rounds ?? (trial ? 1 : 5));
  const seconds = Number(values.seconds ?? (trial ? 0.5 : 3));
  const load = await idleLoad();
  if (!trial && load > foreignMax) {
    console.error(`No figures: others take ${load.toFixed(2)} of a CPU, at most ${foreignMax} is allowed`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'limpet-bench-'));
  const code = await workerAt(fileURLToPath(new URL('./shard-worker.ts', import.meta.url)));
  const objects = {
    SESSION_SHARD: 'SessionShard',
    SHARD_REPLICA: 'ShardReplica',
    POOL_MONITOR: 'PoolMonitor',
  };
  const workerd = await startWorkerd(folder, { code, text: {}, objects, stores: { FALLBACK: emptyStore } });
  try {
    const told = new Map<Row, Told[]>(rows.map((row) => [row, []]));
    for (let round = 0; round < rounds; round++)
      for (const [at, row] of rows.entries())
        told.get(row)?.push(await measure(workerd.url, row, round * rows.length + at, seconds * 1_000));
    const figures = [...told].map(([row, runs]) => figuresOf(row, runs));
    console.log(json ? JSON.stringify({ trial, rounds, seconds, figures }) : table(figures));
    if (trial && !json) console.log('A trial: nothing here is worth quoting.');
    return 0;
  } finally {
    workerd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** It takes what it is given, and has nothing. */
const emptyStore = `export default {
  async fetch(request) {
    await request.arrayBuffer();
    return new Response(null, { status: request.method === 'GET' ? 404 : 204 });
  },
};`;

async function measure(
  url: string,
  { what, bytes, clients }: Row,
  number: number,
  forMs: number,
): Promise<Told> {
  const words = { what, bytes, clients, forMs, shard: number };
  const query = new URLSearchParams(Object.entries(words).map(([name, value]) => [name, String(value)]));
  const response = await fetch(`${url}/?${query}`);
  if (!response.ok) throw new Error(`Cannot measure: ${response.status} ${await response.text()}`);
  return (await response.json()) as Told;
}

function figuresOf({ name, clients }: Row, runs: readonly Told[]) {
  const perSecond = median(runs.map(({ done, ms }) => (done * 1_000) / ms));
  const logged = median(runs.map(({ done, loggedRows }) => loggedRows / done));
  const folded = median(runs.map(({ done, foldedRows }) => foldedRows / done));
  return { name, clients, perSecond, calls: 1, logged, folded };
}

function table(figures: readonly ReturnType<typeof figuresOf>[]): string {
  const head = '| one shard | clients | per second | calls each | rows logged each | rows folded each |';
  const lines = figures.map(
    ({ name, clients, perSecond, calls, logged, folded }) =>
      `| ${name} | ${clients} | ${Math.round(perSecond)} | ${calls} | ${logged.toFixed(3)} | ${folded.toFixed(3)} |`,
  );
  return [head, '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n');
}
