import { existsSync } from 'node:fs';
import { unrest } from '../numbers.ts';
import { load } from './load.ts';
import { type Options, readOptions } from './options.ts';
import { foreignMax, idleLoad } from './quiet.ts';
import { type Row, rowsOf, tableOf } from './report.ts';
import { measureRounds, type Round } from './rounds.ts';
import { type Scene, setScene } from './scene.ts';
import { wrongAnswer } from './sessions.ts';

/** CPU per request in the steady state, as a multiple of the pass-through's. */
const gate = 1.25;
/** The pass-through's own CPU per request, middle half of the rounds: where it lies further apart, ratios mean nothing. */
const unrestMax = 0.2;

const good = 0;
const overTheGate = 1;
const noFigures = 2;

/** What the request path costs in its steady state, beside bare Workers (docs/benchmarks.md). */
export async function requestPath(words: string[]): Promise<number> {
  const options = readOptions(words);
  if (!existsSync('/proc/self/stat'))
    return refuse('CPU time is read from /proc, which this system does not have');
  const busy = options.trial ? 0 : await idleLoad();
  if (busy > foreignMax)
    return refuse(`the machine is busy: others take ${busy.toFixed(2)} CPU, and ${foreignMax} is the most`);
  const scene = await setScene();
  try {
    return await run(scene, options);
  } finally {
    scene.close();
  }
}

async function run(scene: Scene, options: Options): Promise<number> {
  const wrong = await firstWrongAnswer(scene);
  if (wrong !== undefined) return refuse(wrong);
  for (const { target, sessions } of scene.contenders) await load(target.url, sessions, options.seconds); // warm-up
  const measured = await measureRounds(scene, options);
  if (measured.kind === 'refused') return refuse(measured.why);
  const wrongAfter = await firstWrongAnswer(scene);
  if (wrongAfter !== undefined) return refuse(wrongAfter);
  const restless = options.trial ? undefined : restlessness(measured.rounds);
  if (restless !== undefined) return refuse(restless);
  return report(measured.rounds, measured.discarded, scene, options);
}

async function firstWrongAnswer({ contenders }: Scene): Promise<string | undefined> {
  for (const { target, sessions } of contenders) {
    const wrong = await wrongAnswer(target, sessions);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function restlessness(rounds: readonly Round[]): string | undefined {
  const own = unrest(rounds.map((round) => round['pass-through']?.cpuUs ?? Number.NaN));
  if (own <= unrestMax) return undefined;
  return `the pass-through's own figures lie ${(own * 100).toFixed(0)} % apart, and more than ${unrestMax * 100} % is no measurement`;
}

function report(
  rounds: readonly Round[],
  discarded: number,
  { pinned }: Scene,
  { json, trial }: Options,
): number {
  const rows = rowsOf(rounds);
  const over = trial ? [] : rows.filter(isOver);
  if (json)
    console.log(
      JSON.stringify({ rows, rounds, discarded, pinned, gate, over: over.map(({ name }) => name) }),
    );
  else console.log(`${tableOf(rows)}\n\n${noteOf(rounds.length, discarded, pinned, trial)}`);
  for (const { name, cpuToPassThrough } of over) {
    console.error(
      `${name}: ${cpuToPassThrough.median.toFixed(2)} times the CPU of the pass-through, and the gate is ${gate}`,
    );
  }
  return over.length > 0 ? overTheGate : good;
}

function isOver({ name, cpuToPassThrough }: Row): boolean {
  return (name === 'local' || name === 'replicated') && !(cpuToPassThrough.median <= gate);
}

function noteOf(count: number, discarded: number, pinned: boolean, trial: boolean): string {
  const how = `${count} rounds in turn, ${discarded} more discarded as others took CPU; medians, of ratios and differences paired by round (min – max)`;
  const where = `CPU and answers/s at 32 connections, p50 at one; workerd ${pinned ? 'pinned to a CPU of its own' : 'not pinned'}`;
  return [how, where, ...(trial ? ['a trial: nothing was judged'] : [])].join('.\n');
}

function refuse(why: string): number {
  console.error(`No figures: ${why}.`);
  return noFigures;
}
