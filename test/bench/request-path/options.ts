import { parseArgs } from 'node:util';

export interface Options {
  readonly rounds: number;
  /** How long each Worker is kept busy in each round. */
  readonly seconds: number;
  readonly json: boolean;
  /** Nothing is judged, neither the machine nor the figures: does the bench run at all? */
  readonly trial: boolean;
}

export const roundsMin = 9;

export function readOptions(words: string[]): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      rounds: { type: 'string', default: String(roundsMin) },
      seconds: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      trial: { type: 'boolean', default: false },
    },
  });
  const { json, trial } = values;
  return {
    rounds: wholeNumber('--rounds', values.rounds, trial ? 1 : roundsMin),
    seconds: wholeNumber('--seconds', values.seconds, 1),
    json,
    trial,
  };
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`Cannot measure as ${option} must be a whole number from ${least}: "${text}" was given`);
}
