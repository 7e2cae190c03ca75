import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spreadOf } from '../numbers.ts';
import { ask } from '../request-path/ask.ts';
import { workerAt } from '../request-path/worker-code.ts';
import { startWorkerd } from '../request-path/workerd.ts';

/** Weighted 1:2:5. `ns` are the best of several runs: what others do on the machine can only add to them. */
export interface PickRow {
  readonly origins: number;
  readonly pickNs: number;
  readonly naiveNs: number;
}

const runs = 7;

/** What a rendezvous pick costs in workerd, beside one that hashes key and origin together (docs/benchmarks.md). */
export async function pick(words: string[]): Promise<number> {
  const { values } = parseArgs({ args: words, options: { json: { type: 'boolean', default: false } } });
  const folder = mkdtempSync(join(tmpdir(), 'limpet-bench-'));
  const code = await workerAt(fileURLToPath(new URL('./pick-worker.ts', import.meta.url)));
  const workerd = await startWorkerd(folder, { code, text: {}, objects: {}, stores: {} });
  try {
    const rows: PickRow[] = [];
    for (const origins of [3, 10, 100, 1000]) rows.push(await measure(workerd.url, origins));
    console.log(values.json ? JSON.stringify({ rows }) : tableOf(rows));
    return 0;
  } finally {
    workerd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(url: string, origins: number): Promise<PickRow> {
  const empty = await bestMs(`${url}/?how=pick&origins=${origins}&count=0`);
  const nsOf = async (how: string, count: number) =>
    ((await bestMs(`${url}/?how=${how}&origins=${origins}&count=${count}`)) - empty) * (1e6 / count);
  return {
    origins,
    pickNs: await nsOf('pick', 100_000),
    naiveNs: await nsOf('naive', Math.ceil(200_000 / origins)),
  };
}

async function bestMs(url: string): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await ask(url, {});
    times.push(performance.now() - started);
  }
  return spreadOf(times).min;
}

function tableOf(rows: readonly PickRow[]): string {
  const cells = rows.map(({ origins, pickNs, naiveNs }) => [
    origins,
    pickNs.toFixed(0),
    naiveNs.toFixed(0),
    (naiveNs / pickNs).toFixed(0),
  ]);
  return [['origins', 'pick ns', 'naive ns', 'times'], ...cells]
    .map((line) => line.map((cell) => String(cell).padStart(9)).join(''))
    .join('\n');
}
