import type { Options } from './options.ts';
import { foreignMax } from './quiet.ts';
import { type Contender, type Figures, type Measured, measure } from './round.ts';
import type { Scene } from './scene.ts';

/** One turn of every Worker, by name. */
export type Round = Readonly<Record<string, Figures>>;

export type Rounds =
  | { readonly kind: 'measured'; readonly rounds: readonly Round[]; readonly discarded: number }
  | { readonly kind: 'refused'; readonly why: string };

/** The Workers in turn, until there are enough rounds in which nobody else wanted the CPU. */
export async function measureRounds(scene: Scene, { rounds, seconds, trial }: Options): Promise<Rounds> {
  const quiet: Round[] = [];
  let tried = 0;
  for (; quiet.length < rounds; tried += 1) {
    const loud = tried - quiet.length;
    if (loud > rounds / 2)
      return refused(
        `the machine is busy: in ${loud} of ${tried} rounds others took more than ${foreignMax} CPU`,
      );
    const turns = await turnsOf(scene, seconds);
    const wrong = turns.find(({ measured }) => measured.wrong > 0);
    if (wrong !== undefined)
      return refused(`${wrong.measured.wrong} answers of ${wrong.name} were wrong under load`);
    const isQuiet = turns.every(({ measured }) => measured.foreign <= foreignMax);
    if (isQuiet || trial)
      quiet.push(Object.fromEntries(turns.map(({ name, measured }) => [name, measured.figures])));
  }
  return { kind: 'measured', rounds: quiet, discarded: tried - quiet.length };
}

function refused(why: string): Rounds {
  return { kind: 'refused', why };
}

async function turnsOf(
  { contenders, processes }: Scene,
  seconds: number,
): Promise<{ name: string; measured: Measured }[]> {
  const turns = [];
  for (const contender of contenders) turns.push(await turnOf(contender, seconds, processes));
  return turns;
}

async function turnOf(contender: Contender, seconds: number, processes: readonly number[]) {
  return { name: contender.target.name, measured: await measure(contender, seconds, processes) };
}
