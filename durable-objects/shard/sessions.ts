import {
  type Claim,
  claim,
  type Ended,
  end,
  type Label,
  label,
  type Located,
  type PutSaid,
  put,
  type Rotated,
  renew,
} from '../../worker/core/fence.ts';
import type { PoolName, SessionId } from '../../worker/core/ids.ts';
import { noState } from '../../worker/core/page.ts';
import type { Replication } from '../../worker/core/replication.ts';
import { swap, type Swapped } from '../../worker/core/swap.ts';
import type {
  ClaimAnswer,
  EndWish,
  LocatedSlot,
  ReadSlot,
  RenewWish,
  RotateWish,
  StatePut,
  SwapWish,
  Unreachable,
} from '../../worker/ports.ts';
import type { Left } from './left.ts';
import type { Ledger } from './ledger.ts';
import { inline, type Slots } from './slots.ts';

interface SessionParts {
  readonly ledger: Ledger;
  readonly slots: Slots;
  readonly left: Left;
}

/** What requests ask of one session: core/fence decides, and the answer leaves when what it promises is kept. */
export class Sessions {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async locate(pool: PoolName, session: SessionId): Promise<LocatedSlot> {
    const { slots } = this.#parts;
    const { slot } = slots.open(pool, session);
    await slots.settled(session);
    return slot.kind === 'ended' ? { kind: 'ended' } : slot;
  }

  async read(pool: PoolName, session: SessionId): Promise<ReadSlot> {
    const { ledger, slots } = this.#parts;
    const { slot, state } = slots.open(pool, session);
    const sealed = slot.kind === 'row' && slot.row.version > 0 ? ledger.sealed(state) : undefined;
    await slots.settled(session);
    if (slot.kind !== 'row') return { kind: slot.kind };
    return sealed === undefined ? slot : { ...slot, state: sealed };
  }

  async claim(
    pool: PoolName,
    session: SessionId,
    wish: Claim,
    replication?: Replication,
  ): Promise<ClaimAnswer | Unreachable> {
    const { ledger, left, slots } = this.#parts;
    const held = slots.openAt(pool, session, wish.expected, replication);
    const answer = slots.decide(session, held, claim(held.slot, wish, slots.floor));
    left.claimed(session, held.slot, answer);
    // Read in the same step as the decision: a put that comes while the group is stored would be newer than the row.
    const state = answer.kind === 'claimed' && answer.row.version > 0 ? ledger.sealed(held.state) : undefined;
    return slots.kept(session, state === undefined ? answer : { ...answer, state }, replication);
  }

  async put(
    pool: PoolName,
    session: SessionId,
    wish: StatePut,
    replication?: Replication,
  ): Promise<PutSaid | Unreachable> {
    const { left, slots } = this.#parts;
    const held = slots.openAt(pool, session, wish.epoch, replication);
    const answer = slots.decide(session, held, put(held.slot, wish), inline(wish.state));
    return slots.kept(session, left.judged(session, wish, answer), replication);
  }

  /** For pools whose origins share the store: whoever has read the newest state may write. */
  async swap(
    pool: PoolName,
    session: SessionId,
    { state, ...wish }: SwapWish,
    replication?: Replication,
  ): Promise<Swapped | Unreachable> {
    const { slots } = this.#parts;
    const held = slots.open(pool, session, replication);
    const answer = slots.decide(session, held, swap(held.slot, wish), state && inline(state));
    return slots.kept(session, answer, replication);
  }

  async label(
    pool: PoolName,
    session: SessionId,
    wish: Label,
    replication?: Replication,
  ): Promise<PutSaid | Unreachable> {
    const { slots } = this.#parts;
    const held = slots.openAt(pool, session, wish.epoch, replication);
    const answer = slots.decide(session, held, label(held.slot, wish));
    return slots.kept(session, answer, replication);
  }

  async renew(
    pool: PoolName,
    session: SessionId,
    wish: RenewWish,
    replication?: Replication,
  ): Promise<Located | Ended> {
    const { slots } = this.#parts;
    const held = slots.openAt(pool, session, wish.assumed.epoch, replication);
    const answer = slots.decide(session, held, renew(held.slot, wish));
    await slots.settled(session);
    return answer;
  }

  async end(
    pool: PoolName,
    session: SessionId,
    wish: EndWish,
    replication?: Replication,
  ): Promise<Ended | Unreachable> {
    const { slots } = this.#parts;
    const held = slots.open(pool, session, replication);
    const answer = slots.decide(session, held, end(held.slot, wish));
    return slots.kept(session, answer, replication);
  }

  /** Both ids share their shard, so that the end of one and the beginning of the other are one write. */
  async rotate(
    pool: PoolName,
    session: SessionId,
    wish: RotateWish,
    replication?: Replication,
  ): Promise<Rotated | Unreachable> {
    const { ledger, left, slots } = this.#parts;
    const held = slots.openAt(pool, session, wish.epoch, replication);
    const target = slots.open(pool, wish.to);
    const { to, state, ...place } = wish;
    const verdict = left.rotated(session, held.slot, place);
    const { answer } = verdict;
    if (answer.kind === 'rotated') {
      const kept = state ?? ledger.sealed(held.state);
      slots.decide(
        to,
        target,
        { answer, next: { kind: 'row', row: answer.row } },
        kept === undefined ? noState : inline(kept),
      );
      slots.decide(session, held, verdict);
    }
    // Asked again after a lost answer: nobody but this very rotation could know the new id.
    if (answer.kind === 'ended' && target.slot.kind === 'row')
      return slots.kept(session, { kind: 'rotated', row: target.slot.row }, replication);
    return slots.kept(session, answer, replication);
  }
}
