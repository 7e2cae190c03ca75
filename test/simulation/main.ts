// node test/simulation/main.ts [--seeds N] [--seed S] [--plant WORDS] [--mutations]: docs/simulation.md says what it runs.
import { parseArgs } from 'node:util';
import { caughtBefore } from './caught-before.ts';
import { type Mutation, mutations } from './mutations.ts';
import { loadProduct, type Product } from './product.ts';
import { type Result, runSeed } from './run.ts';
import { shrink } from './shrink.ts';

const options = {
  seeds: { type: 'string' },
  seed: { type: 'string' },
  plant: { type: 'string' },
  mutations: { type: 'boolean', default: false },
} as const;

/** Every so many seeds one is run twice: its log must be the same to the letter. */
const repeatEvery = 10;

const { values } = parseArgs({ options });
/** The rarest of the planted faults needs some hundred worlds. */
const seeds = Number(values.seeds ?? (values.mutations ? 600 : 200));
const holds =
  values.seed !== undefined
    ? await replay(Number(values.seed))
    : values.mutations
      ? await catchAll()
      : await search();
process.exitCode = holds ? 0 : 1;

/** The fault whose name has these words; none without them. */
function planted(): Mutation | undefined {
  const { plant } = values;
  if (plant === undefined) return undefined;
  const found = mutations.find(({ name }) => name.includes(plant));
  if (found === undefined)
    throw new Error(`No planted fault is called "${plant}": ${mutations.map(({ name }) => name).join('; ')}`);
  return found;
}

/** All seeds from 1 on. The first that breaks an invariant is shown. */
async function search(): Promise<boolean> {
  const product = await loadProduct(planted());
  const started = performance.now();
  const broken: Result[] = [];
  const sum = { acknowledged: 0, claims: 0, fenced: 0, evictions: 0, promotions: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await runSeed(seed, product);
    if (seed % repeatEvery === 0) await mustRepeat(result, product);
    for (const name of ['acknowledged', 'claims', 'fenced', 'evictions', 'promotions'] as const)
      sum[name] += result.counts[name];
    if (result.violation !== undefined) broken.push(result);
  }
  const [first] = broken;
  if (first !== undefined) await report(first, product);
  console.log(
    `${sum.acknowledged} acknowledged writes, ${sum.claims} claims, ${sum.fenced} fenced, ${sum.evictions} evictions, ${sum.promotions} promotions`,
  );
  console.log(`${seeds} seeds, ${broken.length} violations (${seconds(started)})`);
  return broken.length === 0;
}

async function mustRepeat({ plan, hash }: Result, product: Product): Promise<void> {
  const again = await runSeed(plan.shape.seed, product);
  if (again.hash !== hash)
    throw new Error(
      `Seed ${plan.shape.seed} does not repeat itself: something here asks another clock or chance`,
    );
}

async function replay(seed: number): Promise<boolean> {
  const result = await runSeed(seed, await loadProduct(planted()));
  for (const line of result.log) console.log(line);
  console.log(
    `seed ${seed}: ${result.violation === undefined ? 'holds' : `${result.violation.invariant} ${result.violation.what}`}`,
  );
  console.log(`log ${result.hash}`);
  return result.violation === undefined;
}

async function report(result: Result, product: Product): Promise<void> {
  const shortest = await shrink(result, product);
  console.log(
    `seed ${result.plan.shape.seed} breaks ${result.violation?.invariant}; the shortest log found:`,
  );
  for (const line of shortest.log) console.log(line);
  const plant = values.plant === undefined ? '' : ` --plant ${JSON.stringify(values.plant)}`;
  console.log(`replay it whole: npm run simulate -- --seed ${result.plan.shape.seed}${plant}`);
}

/** The simulation is worth what it finds: each planted fault must break an invariant. */
async function catchAll(): Promise<boolean> {
  const started = performance.now();
  const missed: string[] = [];
  for (const mutation of mutations) {
    const product = await loadProduct(mutation);
    const caught = await firstBroken(product, caughtBefore.get(mutation.name));
    if (caught === undefined) missed.push(mutation.name);
    const by =
      caught === undefined
        ? 'NOT CAUGHT'
        : `${caught.violation?.invariant.padEnd(3)} seed ${caught.plan.shape.seed}`;
    console.log(`${mutation.name.padEnd(64)} ${by}`);
  }
  console.log(
    `${mutations.length} planted faults, ${mutations.length - missed.length} caught (${seconds(started)})`,
  );
  return missed.length === 0;
}

async function firstBroken(product: Product, hint: number | undefined): Promise<Result | undefined> {
  const all = Array.from({ length: seeds }, (_, index) => index + 1);
  for (const seed of hint === undefined ? all : [hint, ...all]) {
    const result = await runSeed(seed, product);
    if (result.violation !== undefined) return result;
  }
  return undefined;
}

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
