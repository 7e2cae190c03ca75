import { quantile } from '../numbers.ts';
import type { Figures } from './figures.ts';
import type { Fault } from './origins.ts';

/** What Limpet promises; where it was not so, in words. How long it took says nothing on a machine that others use: `trial`. */
export function missed(fault: Fault, runs: readonly Figures[], { trial }: { trial: boolean }): string[] {
  const sum = (of: (figures: Figures) => number) => runs.reduce((total, figures) => total + of(figures), 0);
  const lost = sum((figures) => figures.lost.victims + figures.lost.others);
  const codes = runs.flatMap((figures) => figures.codes);
  const [wantedCode, within] =
    fault === 'SIGKILL' ? ['502 delivery_unknown', 60] : ['504 delivery_unknown', 1_000];
  const times = runs.flatMap(({ firstSuccessMs: { get, keyed, post } }) =>
    fault === 'SIGKILL' ? [...get, ...keyed, ...post] : get,
  );
  const checks: readonly (readonly [boolean, string])[] = [
    [sum(({ failed }) => failed.get) === 0, `${sum(({ failed }) => failed.get)} GETs failed`],
    [
      sum(({ failed }) => failed.keyed) === 0,
      `${sum(({ failed }) => failed.keyed)} POSTs with an Idempotency-Key failed`,
    ],
    [sum(({ twice }) => twice) === 0, `${sum(({ twice }) => twice)} POSTs without a key were executed twice`],
    [runs.every(({ failedMost }) => failedMost <= 1), 'a client saw more than one failure'],
    [
      trial || fault === 'SIGSTOP' || runs.every(({ failedWithinMs }) => failedWithinMs <= 50),
      `POSTs failed ${Math.max(...runs.map(({ failedWithinMs }) => failedWithinMs)).toFixed(0)} ms after the first failure, and 50 is the most`,
    ],
    [
      codes.every((code) => code === wantedCode),
      `a failure was ${codes.find((code) => code !== wantedCode)}, not ${wantedCode}`,
    ],
    [
      trial || quantile(times, 0.99) <= within,
      `p99 of the first success is ${quantile(times, 0.99).toFixed(0)} ms, and ${within} is the most`,
    ],
    [lost === 0, `${lost} sessions lost a write`],
    [
      sum(({ others }) => others) === 0,
      `${sum(({ others }) => others)} answers to other users failed or came from elsewhere`,
    ],
    [runs.every(({ slow }) => slow === 'whole'), 'a legitimate slow answer from a healthy origin was cut'],
  ];
  return checks.filter(([holds]) => !holds).map(([, words]) => words);
}
