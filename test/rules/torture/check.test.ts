import { describe, expect, it } from 'vitest';
import { check, type Violation } from '../../torture/check.ts';
import { type Event, resultOf, type SessionHistory } from '../../torture/history.ts';
import { planFaults } from '../../torture/schedule.ts';
import { Chance } from '../../simulation/chance.ts';

const answered = { atMs: 0, tookMs: 1, status: 200, code: '', outcome: 'kept', home: 'a', list: undefined };

function append(item: string, result: 'ok' | 'fail' | 'unknown', list?: string[]): Event {
  return { kind: 'append', item, result, ...answered, list };
}

const read = (...list: string[]): Event => ({ kind: 'read', waitedMs: 1, ...answered, list });
const last = (...list: string[]): Event => ({ kind: 'last', of: 'stored', ...answered, list });

function judge(events: Event[], order: SessionHistory['order'] = 'sequential'): Violation[] {
  return check([{ name: 's1', order, events }]);
}

const found = (breach: Violation['breach'], ...items: string[]) => ({ breach, session: 's1', items });

it('[TO2] what was acknowledged and is not in the list at the end is lost; what is unknown may be there or not', () => {
  expect(judge([append('1', 'ok'), append('2', 'unknown'), last('1')])).toEqual([]);
  expect(judge([append('1', 'ok'), append('2', 'unknown'), last('1', '2')])).toEqual([]);
  expect(judge([append('1', 'ok'), append('2', 'ok'), last('1')])).toEqual([found('lost', '2')]);
});

it('[TO2] each of the last readings must have it', () => {
  const live: Event = { kind: 'last', of: 'live', ...answered, list: ['1'] };
  expect(judge([append('1', 'ok'), live, last()], 'parallel')).toEqual([found('lost', '1')]);
});

it('[TO3] what was refused for certain is in no list', () => {
  expect(judge([append('1', 'fail'), last()])).toEqual([]);
  expect(judge([append('1', 'fail'), last('1')])).toEqual([found('kept though refused', '1')]);
});

it('[TO3] only 200 is a promise to keep, and only session_moved and session_ended are promises not to', () => {
  const results = (
    [
      [200, ''],
      [409, 'session_moved'],
      [409, 'session_ended'],
      [409, ''],
      [502, 'not_replayed'],
      [503, 'store_unreachable'],
      [504, 'delivery_unknown'],
      [500, ''],
      [0, 'ECONNRESET'],
    ] as const
  ).map(([status, code]) => resultOf({ status, code }));
  expect(results).toEqual(['ok', 'fail', 'fail', ...Array.from({ length: 6 }, () => 'unknown')]);
});

it('[TO4] an item is in no list twice', () => {
  const events = [append('1', 'ok'), append('2', 'unknown'), read('1', '2', '2'), last('1', '2')];
  expect(judge(events, 'parallel')).toEqual([found('twice', '2')]);
});

describe('[TO5] what a client that asks one thing after the other has read stands there still', () => {
  const both = [append('1', 'ok'), append('2', 'ok')];

  it('less than before', () => {
    expect(judge([...both, read('1', '2'), read('1'), last('1', '2')])).toEqual([found('back in time', '2')]);
  });

  it('another order', () => {
    expect(judge([...both, read('1', '2'), last('2', '1')])).toEqual([found('back in time', '1', '2')]);
  });

  it('a client with parallel requests may hear the older answer last', () => {
    expect(judge([...both, read('1', '2'), read('1'), last('1', '2')], 'parallel')).toEqual([]);
  });
});

it('[TO6] a list has only what its own session sent', () => {
  const histories: SessionHistory[] = [
    { name: 's1', order: 'sequential', events: [append('1', 'ok'), last('1')] },
    { name: 's2', order: 'sequential', events: [append('2', 'ok'), last('2', '1')] },
  ];
  expect(check(histories)).toEqual([{ breach: 'not its own', session: 's2', items: ['1'] }]);
});

it('[TO7] a session that nobody could read at the end is a violation', () => {
  expect(judge([append('1', 'ok'), read('1')])).toEqual([found('never read again')]);
});

it('[TO8] the faults come from the seed: one after the other, in the time that they have', () => {
  const plan = (seed: number) => planFaults(new Chance(seed), ['a', 'b', 'c'], 120);
  expect(plan(7)).toEqual(plan(7));
  expect(plan(7)).not.toEqual(plan(8));
  const faults = plan(7);
  const overlaps = faults.filter((fault, at) => {
    const next = faults[at + 1];
    return next !== undefined && next.atMs < fault.atMs + fault.forMs;
  });
  expect(overlaps).toEqual([]);
  expect(faults.every(({ atMs }) => atMs < 120_000)).toBe(true);
  expect(new Set(faults.map(({ victim }) => victim))).toEqual(new Set(['a', 'b', 'c']));
});
