import { parseArgs } from 'node:util';
import { columns } from '../../../cli/table.ts';
import { median, spreadOf } from '../numbers.ts';
import { foreignMax, idleLoad } from '../request-path/quiet.ts';
import { type Cost, startMeasurable } from './cost.ts';
import { type Kill, killOnce } from './kills.ts';

const good = 0;
const noFigures = 2;
const checkMs = 250;
const ways = { without: 0, with: checkMs } as const;
type Way = keyof typeof ways;
const bothWays: readonly Way[] = ['without', 'with'];

type Each<Value> = Readonly<Record<Way, readonly Value[]>>;

/** What it costs to try a connection before each POST, and how many POSTs it saves when an origin is killed (docs/benchmarks.md). */
export async function connectCheck(words: string[]): Promise<number> {
  const { rounds, seconds, trial, json } = readOptions(words);
  const before = trial ? 0 : await idleLoad();
  const costs = await costsOf(rounds, seconds);
  const kills = await killsOf(rounds);
  const busy = Math.max(before, trial ? 0 : await idleLoad());
  const why =
    busy > foreignMax
      ? `the machine is busy: others take ${busy.toFixed(2)} CPU, and ${foreignMax} is the most`
      : wrongCosts(costs);
  if (typeof kills === 'string' || why !== undefined) {
    console.error(`No figures: ${typeof kills === 'string' ? kills : why}.`);
    return noFigures;
  }
  if (json) console.log(JSON.stringify({ rounds, costs, kills }));
  else console.log(tableOf(costs, kills));
  return good;
}

function readOptions(words: string[]) {
  const { values } = parseArgs({
    args: words,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      trial: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  if (!Number.isInteger(rounds) || rounds < 1 || !(seconds > 0))
    throw new Error(`Cannot measure as --rounds and --seconds must be numbers from 1`);
  return { ...values, rounds, seconds };
}

async function costsOf(rounds: number, seconds: number): Promise<Each<Cost>> {
  const costs = { without: [] as Cost[], with: [] as Cost[] };
  const running = { without: await startMeasurable(ways.without), with: await startMeasurable(ways.with) };
  try {
    for (let round = 0; round < rounds; round += 1)
      for (const way of bothWays) costs[way].push(await running[way].measure(seconds));
    return costs;
  } finally {
    for (const way of bothWays) await running[way].end();
  }
}

async function killsOf(rounds: number): Promise<Each<Kill> | string> {
  const kills = { without: [] as Kill[], with: [] as Kill[] };
  for (let round = 0; round < rounds; round += 1)
    for (const way of bothWays) {
      const kill = await killOnce(ways[way]);
      if (typeof kill === 'string') return kill;
      kills[way].push(kill);
    }
  return kills;
}

/** Each POST has its own connection with the check, and hardly one without. */
function wrongCosts(costs: Each<Cost>): string | undefined {
  const tried = median(costs.with.map(({ connections }) => connections));
  const plain = median(costs.without.map(({ connections }) => connections));
  return tried > 0.99 && plain < 0.5
    ? undefined
    : `the origin saw ${tried.toFixed(2)} connections per POST with the check and ${plain.toFixed(2)} without`;
}

function tableOf(costs: Each<Cost>, kills: Each<Kill>): string {
  const sum = (values: readonly number[]) => String(values.reduce((total, value) => total + value, 0));
  const rows = bothWays.map((way) => {
    const cpu = spreadOf(costs[way].map(({ cpuUs }) => cpuUs));
    const p50 = median(costs[way].map(({ p50Ms }) => p50Ms));
    const of = (what: keyof Kill) => kills[way].map((kill) => kill[what]);
    return [
      way,
      `${cpu.median.toFixed(0)} (${cpu.min.toFixed(0)}–${cpu.max.toFixed(0)})`,
      p50.toFixed(2),
      sum(of('clients')),
      sum(of('underWay')),
      sum(of('later')),
      Math.max(...of('firstSuccessMs')).toFixed(0),
      sum(of('twice')),
    ];
  });
  return columns([
    ['CHECK', 'CPU µs', 'P50 ms', 'CLIENTS', 'FAILED UNDER WAY', 'FAILED LATER', 'FIRST SUCCESS ms', 'TWICE'],
    ...rows,
  ]);
}
