import { claim, end, label, put, renew, rotate, type Verdict } from '../../worker/core/fence.ts';
import type { OriginId, SessionId } from '../../worker/core/ids.ts';
import { current, type Row, type Slot } from '../../worker/core/row.ts';
import { swap } from '../../worker/core/swap.ts';
import type { Clock, SealedState, Shards, Unreachable } from '../../worker/ports.ts';

/** A pool's shards as a map, under the real rules of the fence. */
export interface MemoryShards extends Shards {
  /** The operations that were asked for, in order. */
  readonly calls: string[];
  /** Origins whose incarnation had to rise. */
  readonly raised: OriginId[];
  /** Operations that get no answer. */
  readonly unreachable: Set<keyof Shards>;
  row(session: SessionId): Row | undefined;
  slot(session: SessionId): Slot;
  state(session: SessionId): SealedState | undefined;
  write(session: SessionId, slot: Slot, state?: SealedState): void;
  goAway(): void;
}

const operations = ['locate', 'read', 'claim', 'put', 'swap', 'label', 'renew', 'end', 'rotate'] as const;

export function memoryShards(clock: Clock): MemoryShards {
  const slots = new Map<SessionId, Slot>();
  const states = new Map<SessionId, SealedState>();
  const calls: string[] = [];
  const raised: OriginId[] = [];
  const unreachable = new Set<keyof Shards>();

  const slot = (session: SessionId): Slot => current(slots.get(session) ?? { kind: 'none' }, clock.now());
  const ask = async <Answer>(
    operation: keyof Shards,
    answer: () => Answer,
  ): Promise<Answer | Unreachable> => {
    calls.push(operation);
    return unreachable.has(operation) ? { kind: 'unreachable', why: 'the test says so' } : answer();
  };
  const settle = <Answer>(session: SessionId, { answer, next, raise }: Verdict<Answer>): Answer => {
    if (next !== undefined) slots.set(session, next);
    if (raise !== undefined) raised.push(raise);
    return answer;
  };

  return {
    calls,
    raised,
    unreachable,
    slot,
    state: (session) => states.get(session),
    row(session) {
      const held = slot(session);
      return held.kind === 'row' ? held.row : undefined;
    },
    write(session, next, state) {
      slots.set(session, next);
      if (state !== undefined) states.set(session, state);
    },
    goAway() {
      for (const operation of operations) unreachable.add(operation);
    },
    locate: (session) =>
      ask('locate', () => {
        const held = slot(session);
        return held.kind === 'ended' ? { kind: 'ended' } : held;
      }),
    read: (session) =>
      ask('read', () => {
        const [held, state] = [slot(session), states.get(session)];
        if (held.kind !== 'row') return { kind: held.kind };
        return held.row.version > 0 && state !== undefined ? { ...held, state } : held;
      }),
    claim: (session, wish) =>
      ask('claim', () => {
        const answer = settle(session, claim(slot(session), wish));
        const state = states.get(session);
        return answer.kind === 'claimed' && state !== undefined ? { ...answer, state } : answer;
      }),
    put: (session, wish) =>
      ask('put', () => {
        const answer = settle(session, put(slot(session), wish));
        if (answer.kind === 'stored') states.set(session, wish.state);
        return answer;
      }),
    swap: (session, wish) =>
      ask('swap', () => {
        const answer = settle(session, swap(slot(session), wish));
        if (answer.kind === 'stored' && wish.state !== undefined) states.set(session, wish.state);
        return answer;
      }),
    label: (session, wish) => ask('label', () => settle(session, label(slot(session), wish))),
    renew: (session, wish) => ask('renew', () => settle(session, renew(slot(session), wish))),
    end: (session, wish) => ask('end', () => settle(session, end(slot(session), wish))),
    rotate: (session, wish) =>
      ask('rotate', () => {
        const answer = settle(session, rotate(slot(session), wish));
        if (answer.kind === 'rotated') slots.set(wish.to, { kind: 'row', row: answer.row });
        if (answer.kind === 'rotated' && wish.state !== undefined) states.set(wish.to, wish.state);
        return answer;
      }),
  };
}
