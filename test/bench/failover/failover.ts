import { parseArgs } from 'node:util';
import { foreignMax, idleLoad } from '../request-path/quiet.ts';
import { type Contender, contenders, isInstalled } from './balancers.ts';
import { type Figures, figuresOf, wrongIn } from './figures.ts';
import { missed } from './judge.ts';
import type { Fault } from './origins.ts';
import { type Row, tableOf } from './report.ts';
import { type Plan, runOnce } from './run.ts';

const faults: readonly Fault[] = ['SIGKILL', 'SIGSTOP'];
const full = { perKind: 15, warmMs: 2_000, observedMs: 3_000 };
const small = { perKind: 8, warmMs: 500, observedMs: 3_000 };

const good = 0;
const overTheTarget = 1;
const noFigures = 2;

interface Options {
  readonly rounds: number;
  readonly plan: Plan;
  readonly only: string;
  readonly json: boolean;
  /** Is the machine judged, or only what was answered? */
  readonly trial: boolean;
}

/** What clients see when one of three origins is killed or frozen: Limpet, HAProxy and nginx, one after the other (docs/benchmarks.md). */
export async function failover(words: string[]): Promise<number> {
  const options = readOptions(words);
  const rows: Row[] = [];
  for (const contender of contenders.filter(({ name }) => name.startsWith(options.only))) {
    if (!isInstalled(contender.program)) {
      console.error(
        `${contender.name} is left out: ${contender.program} is not installed (Debian: apt-get install ${contender.program}).`,
      );
      continue;
    }
    for (const fault of faults) {
      const runs = await roundsOf(contender, fault, options);
      if (typeof runs === 'string') return refuse(runs);
      rows.push({ name: contender.name, fault, runs });
    }
  }
  return report(rows, options);
}

function readOptions(words: string[]): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      rounds: { type: 'string', default: '3' },
      slow: { type: 'string', default: '10000' },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      trial: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.smoke ? '1' : values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`Cannot measure as --rounds must be a whole number from 1: "${values.rounds}" was given`);
  if (!/^\d+$/.test(values.slow))
    throw new Error(
      `Cannot measure as --slow must be milliseconds, 0 for no slow answer: "${values.slow}" was given`,
    );
  if (!contenders.some(({ name }) => name.startsWith(values.only)))
    throw new Error(
      `Cannot measure "${values.only}" as --only must begin one of: ${contenders.map(({ name }) => name).join('; ')}`,
    );
  const slowMs = values.smoke ? 3_000 : Number(values.slow);
  return {
    ...values,
    rounds,
    plan: { ...(values.smoke ? small : full), slowMs },
    trial: values.trial || values.smoke,
  };
}

async function roundsOf(
  contender: Contender,
  fault: Fault,
  { rounds, trial, plan }: Options,
): Promise<Figures[] | string> {
  const runs: Figures[] = [];
  while (runs.length < rounds) {
    const before = trial ? 0 : await idleLoad();
    const seen = await runOnce(contender, fault, plan);
    const busy = Math.max(before, trial ? 0 : await idleLoad());
    if (busy > foreignMax)
      return `the machine is busy: others take ${busy.toFixed(2)} CPU, and ${foreignMax} is the most`;
    const wrong = wrongIn(seen);
    if (wrong !== undefined) return `${contender.name}: ${wrong}`;
    runs.push(figuresOf(seen));
  }
  return runs;
}

function report(rows: readonly Row[], { json, trial, rounds }: Options): number {
  const misses = rows
    .filter(({ name }) => name === 'limpet')
    .flatMap(({ fault, runs }) =>
      missed(fault, runs, { trial }).map((words) => `limpet, ${fault}: ${words}`),
    );
  if (json) console.log(JSON.stringify({ rows, rounds, misses }));
  else console.log([...faults.map((fault) => tableOf(fault, rows)), noteOf(rounds, trial)].join('\n\n'));
  for (const miss of misses) console.error(miss);
  return misses.length > 0 ? overTheTarget : good;
}

function noteOf(rounds: number, trial: boolean): string {
  const how = `${rounds} runs each; a client asks ten times a second, and at once again after a first failure`;
  return trial ? `${how}.\na trial: the machine was not looked at, and no time was judged` : how;
}

function refuse(why: string): number {
  console.error(`No figures: ${why}.`);
  return noFigures;
}
