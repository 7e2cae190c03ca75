import { describe, expect, it } from 'vitest';
import { type Figures, figuresOf, wrongIn } from '../../bench/failover/figures.ts';
import { missed } from '../../bench/failover/judge.ts';
import type { Seen } from '../../bench/failover/run.ts';
import type { Event, Kind } from '../../bench/failover/visitor.ts';

const event = (kind: Kind, startedAt: number, endedAt: number, more: Partial<Event> = {}): Event => ({
  kind,
  startedAt,
  endedAt,
  item: undefined,
  status: 200,
  code: '',
  origin: 'a',
  count: 1,
  last: ['1'],
  ...more,
});
const lost = { status: 502, code: 'delivery_unknown', origin: '' };

function seen(more: Partial<Seen> = {}): Seen {
  const client = (kind: Kind, events: Event[]) => ({
    kind,
    home: 'b',
    acknowledged: ['1'],
    end: event('get', 900, 901),
    events: [event(kind, 50, 60, { origin: 'b' }), ...events],
  });
  return {
    victim: 'b',
    faultAt: 100,
    slow: event('get', 60, 900),
    executed: ['1', '2.post.1'],
    clients: [
      client('get', [event('get', 90, 120)]),
      client('keyed', [event('keyed', 130, 140)]),
      client('post', [event('post', 95, 102, lost), event('post', 104, 125)]),
    ],
    ...more,
  };
}

const judged = (figures: Partial<Figures> = {}, fault: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL', trial = false) =>
  missed(fault, [{ ...figuresOf(seen()), ...figures }], { trial });

describe('the failover bench', () => {
  it('[BN4] times a first success from the request that met the fault, or from the fault when that was under way', () => {
    expect(figuresOf(seen()).firstSuccessMs).toEqual({ get: [20], keyed: [10], post: [25] });
    expect(figuresOf(seen())).toMatchObject({ victims: 3, failed: { get: 0, keyed: 0, post: 1 }, twice: 0 });
    expect(figuresOf(seen({ executed: ['1.post.1', '1.post.1', '2.keyed.1', '2.keyed.1'] }))).toMatchObject({
      twice: 1,
      keyedTwice: 1,
    });
  });

  it('[BN4] a session is lost when the last look misses what was acknowledged', () => {
    const [first, ...others] = seen().clients;
    const forgot = {
      ...first,
      end: event('get', 900, 901, { count: 0, last: [] }),
    } as Seen['clients'][number];
    expect(figuresOf(seen({ clients: [forgot, ...others] })).lost).toEqual({ victims: 1, others: 0 });
  });

  it('[BN4] every target can be missed', () => {
    expect(judged()).toEqual([]);
    const misses: readonly Partial<Figures>[] = [
      { failed: { get: 1, keyed: 0, post: 0 } },
      { failed: { get: 0, keyed: 1, post: 0 } },
      { twice: 1 },
      { failedMost: 2 },
      { failedWithinMs: 51 },
      { codes: ['502 not_replayed'] },
      { firstSuccessMs: { get: [61], keyed: [], post: [] } },
      { lost: { victims: 0, others: 1 } },
      { others: 1 },
      { slow: 'cut' },
    ];
    for (const miss of misses) expect([miss, judged(miss)]).toEqual([miss, [expect.any(String)]]);
    expect(
      judged(
        { codes: ['504 delivery_unknown'], firstSuccessMs: { get: [999], keyed: [], post: [2_000] } },
        'SIGSTOP',
      ),
    ).toEqual([]);
  });

  it('[BN5] a trial judges no time', () => {
    expect(
      judged({ failedWithinMs: 51, firstSuccessMs: { get: [61], keyed: [], post: [] } }, 'SIGKILL', true),
    ).toEqual([]);
    expect(judged({ twice: 1 }, 'SIGKILL', true)).toHaveLength(1);
  });

  it('[BN4] a failure before anything has happened makes every figure worthless', () => {
    expect(wrongIn(seen())).toBeUndefined();
    const [first, ...others] = seen().clients;
    const failed = { ...first, events: [event('get', 50, 60, lost)] } as Seen['clients'][number];
    expect(wrongIn(seen({ clients: [failed, ...others] }))).toContain('502 delivery_unknown');
    const strayed = { ...first, events: [event('get', 50, 60, { origin: 'c' })] } as Seen['clients'][number];
    expect(wrongIn(seen({ clients: [strayed, ...others] }))).toContain('was served by c');
  });
});
