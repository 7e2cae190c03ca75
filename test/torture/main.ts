// node test/torture/main.ts [--seconds N] [--seed S] [--durability primary|async] [--edge] [--json]: docs/torture.md says what it does.
import { parseArgs } from 'node:util';
import { summarize, summaryLines, violationLines } from './report.ts';
import { faultsOf, torture, type Torture } from './run.ts';
import { faultLine } from './schedule.ts';

const options = {
  seconds: { type: 'string', default: '120' },
  seed: { type: 'string' },
  durability: { type: 'string', default: 'primary' },
  edge: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const { values } = parseArgs({ options });
const plan = readPlan();
const say = (line: string) => void (values.json || console.log(line));

say(`seed ${plan.seed}, ${plan.seconds} s, durability ${plan.durability}, faults of ${plan.reach}`);
for (const fault of faultsOf(plan)) say(faultLine(fault));
const outcome = await torture(plan);
const summary = summarize(outcome);
for (const line of [...violationLines(outcome), ...summaryLines(summary)]) say(line);
if (plan.durability === 'async') say(asyncLine());
if (values.json)
  console.log(
    JSON.stringify({ ...plan, faults: faultsOf(plan), ...summary, violations: outcome.violations }),
  );
process.exitCode = holds() ? 0 : 1;

function readPlan(): Torture {
  const seed = Number(values.seed ?? Date.now() % 100_000);
  const seconds = Number(values.seconds);
  const { durability } = values;
  if (!Number.isInteger(seed) || !(seconds > 0))
    throw new Error('--seed wants a whole number, --seconds one above 0');
  if (durability !== 'primary' && durability !== 'async')
    throw new Error('--durability wants primary or async');
  return { seed, seconds, durability, reach: values.edge ? 'origins and edge' : 'origins' };
}

/** `async` promises less: a change that was acknowledged may go with its origin, and what was read with it. */
function holds(): boolean {
  const allowed = plan.durability === 'async' ? ['lost', 'back in time'] : [];
  return outcome.violations.every(({ breach }) => allowed.includes(breach));
}

function asyncLine(): string {
  return `async: ${summary.items.lost} of ${summary.acknowledged} acknowledged changes lost`;
}
