import { median, quantile } from '../numbers.ts';
import type { Figures } from './figures.ts';
import type { Fault } from './origins.ts';

export interface Row {
  readonly name: string;
  readonly fault: Fault;
  readonly runs: readonly Figures[];
}

const columns = [
  '',
  'steady GET',
  'POST ms',
  'victims',
  'failed GET',
  'keyed',
  'POST',
  'first success ms: GET p50',
  'p99',
  'max',
  'POST p50',
  'p99',
  'max',
  'sessions lost',
  'of others',
  'POST twice',
  'keyed twice',
  'others hit',
  'slow answer',
];

export function tableOf(fault: Fault, rows: readonly Row[]): string {
  const lines = [columns, ...rows.filter((row) => row.fault === fault).map(cellsOf)];
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)));
  const text = lines.map((cells) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
  return [`${fault} of one of three origins`, ...text].join('\n');
}

function cellsOf({ name, runs }: Row): string[] {
  const sum = (of: (figures: Figures) => number) =>
    String(runs.reduce((total, figures) => total + of(figures), 0));
  const gets = runs.flatMap(({ firstSuccessMs }) => firstSuccessMs.get);
  const posts = runs.flatMap(({ firstSuccessMs }) => [...firstSuccessMs.keyed, ...firstSuccessMs.post]);
  return [
    name,
    ms(median(runs.map(({ steadyMs }) => steadyMs.get))),
    ms(median(runs.map(({ steadyMs }) => steadyMs.post))),
    sum(({ victims }) => victims),
    sum(({ failed }) => failed.get),
    sum(({ failed }) => failed.keyed),
    sum(({ failed }) => failed.post),
    ...[0.5, 0.99, 1].map((share) => ms(quantile(gets, share))),
    ...[0.5, 0.99, 1].map((share) => ms(quantile(posts, share))),
    sum(({ lost }) => lost.victims),
    sum(({ lost }) => lost.others),
    sum(({ twice }) => twice),
    sum(({ keyedTwice }) => keyedTwice),
    sum(({ others }) => others),
    runs.every(({ slow }) => slow === 'whole') ? 'whole' : 'cut',
  ];
}

function ms(value: number): string {
  return Number.isFinite(value) ? value.toFixed(0) : 'never';
}
