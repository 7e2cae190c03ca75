import { median, type Spread, spreadOf } from '../numbers.ts';
import type { Figures } from './round.ts';
import type { Round } from './rounds.ts';

export interface Row {
  readonly name: string;
  readonly cpuUs: number;
  readonly throughput: number;
  readonly p50Ms: number;
  /** Of each round's own figures, then the median: what drifts from round to round drops out. */
  readonly cpuToPassThrough: Spread;
  readonly cpuToSameHeaders: Spread;
  readonly throughputToPassThrough: Spread;
  readonly p50ToPassThroughMs: Spread;
}

export function rowsOf(rounds: readonly Round[]): Row[] {
  return Object.keys(rounds[0] ?? {}).map((name) => rowOf(name, rounds));
}

function rowOf(name: string, rounds: readonly Round[]): Row {
  const of = (key: keyof Figures, who = name) => rounds.map((round) => round[who]?.[key] ?? Number.NaN);
  const ratios = (key: keyof Figures, to: string) =>
    spreadOf(pairs(of(key), of(key, to)).map(([a, b]) => a / b));
  return {
    name,
    cpuUs: median(of('cpuUs')),
    throughput: median(of('throughput')),
    p50Ms: median(of('p50Ms')),
    cpuToPassThrough: ratios('cpuUs', 'pass-through'),
    cpuToSameHeaders: ratios('cpuUs', 'same headers'),
    throughputToPassThrough: ratios('throughput', 'pass-through'),
    p50ToPassThroughMs: spreadOf(pairs(of('p50Ms'), of('p50Ms', 'pass-through')).map(([a, b]) => a - b)),
  };
}

function pairs(some: readonly number[], others: readonly number[]): [number, number][] {
  return some.map((value, at) => [value, others[at] ?? Number.NaN]);
}

const columns = [
  '',
  'CPU µs',
  '× pass-through',
  '× same headers',
  'answers/s',
  '× pass-through',
  'p50 ms',
  '− pass-through',
];

export function tableOf(rows: readonly Row[]): string {
  const lines = [columns, ...rows.map(cellsOf)];
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

function cellsOf(row: Row): string[] {
  return [
    row.name,
    row.cpuUs.toFixed(0),
    withSpread(row.cpuToPassThrough, 2),
    withSpread(row.cpuToSameHeaders, 2),
    row.throughput.toFixed(0),
    withSpread(row.throughputToPassThrough, 2),
    row.p50Ms.toFixed(2),
    withSpread(row.p50ToPassThroughMs, 3),
  ];
}

function withSpread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} – ${max.toFixed(digits)})`;
}
