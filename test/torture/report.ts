import type { Breach, Violation } from './check.ts';
import { type Event, eventLine, type SessionHistory } from './history.ts';
import type { Outcome } from './run.ts';

/** The run in numbers. */
export interface Summary {
  readonly sessions: number;
  readonly requests: number;
  readonly ok: number;
  /** `502 not_replayed` → how many. */
  readonly refused: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  /** Answers that followed a move, and those of them that made it and brought the data along. The others came after a parallel one, or had none. */
  readonly moves: number;
  readonly restores: number;
  readonly longestReadMs: number;
  readonly items: Readonly<Record<Breach, number>>;
}

export function summarize({ histories, violations }: Outcome): Summary {
  const events = histories.flatMap(({ events }) => events);
  const of = (outcome: string) => events.filter((event) => event.outcome === outcome).length;
  const restores = of('restored');
  return {
    sessions: histories.length,
    requests: events.length,
    ok: events.filter(({ status }) => status === 200).length,
    refused: refusals(events),
    acknowledged: events.filter((event) => event.kind === 'append' && event.result === 'ok').length,
    moves: of('moved') + restores,
    restores,
    longestReadMs: Math.round(
      Math.max(0, ...events.map((event) => (event.kind === 'read' ? event.waitedMs : 0))),
    ),
    items: itemsBy(violations),
  };
}

function refusals(events: readonly Event[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code } of events) {
    if (status === 200) continue;
    const name = `${status || 'no answer'} ${code}`.trim();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function itemsBy(violations: readonly Violation[]): Record<Breach, number> {
  const counts: Record<Breach, number> = {
    lost: 0,
    'kept though refused': 0,
    twice: 0,
    'back in time': 0,
    'not its own': 0,
    'never read again': 0,
  };
  for (const { breach, items } of violations) counts[breach] += Math.max(1, items.length);
  return counts;
}

export function summaryLines(summary: Summary): string[] {
  const { sessions, requests, ok, refused, moves, restores, longestReadMs, items } = summary;
  const codes = Object.entries(refused).map(([code, count]) => `${code} ${count}`);
  const { lost, twice, ...others } = items;
  const more = Object.entries(others).flatMap(([breach, count]) => (count > 0 ? [`${count} ${breach}`] : []));
  return [
    `${sessions} sessions, ${requests} requests, ${ok} ok`,
    `refused: ${codes.join(', ') || 'none'}`,
    `${moves} moved, ${restores} of them restored`,
    `longest unavailability seen by a GET: ${(longestReadMs / 1000).toFixed(2)} s`,
    [`${lost} lost`, `${twice} twice`, ...more].join(', '),
  ];
}

/** Each violation, with all that the clients of its session saw. */
export function violationLines({ histories, violations }: Outcome): string[] {
  return violations.flatMap(({ breach, session, items }) => [
    `${session}: ${[breach, ...items].join(' ')}`,
    ...historyOf(histories, session).map((event) => `  ${eventLine(event)}`),
  ]);
}

function historyOf(histories: readonly SessionHistory[], session: string): readonly Event[] {
  return histories.find(({ name }) => name === session)?.events ?? [];
}
