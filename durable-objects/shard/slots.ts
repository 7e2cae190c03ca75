import { overtaken, type Verdict } from '../../worker/core/fence.ts';
import { noInstance, type OriginId, type PoolName, type SessionId } from '../../worker/core/ids.ts';
import { type Entry, noState, type StoredState } from '../../worker/core/page.ts';
import type { Replication } from '../../worker/core/replication.ts';
import { epochFloor } from '../../worker/core/promotion.ts';
import { current, type Slot } from '../../worker/core/row.ts';
import { shardOf } from '../../worker/core/session-id.ts';
import type { SealedState, Unreachable } from '../../worker/ports.ts';
import type { Address } from './address.ts';
import type { Feed } from './feed.ts';
import { type Groups, hurriedBytes } from './groups.ts';
import type { Ledger } from './ledger.ts';
import type { Tenure } from './tenure.ts';

interface SlotParts {
  readonly generation: number;
  readonly tenure: Tenure;
  readonly address: Address;
  readonly ledger: Ledger;
  readonly groups: Groups;
  readonly feed: Feed;
}

/** A session as it stands, before anything is decided of it. */
export interface Held {
  readonly entry: Entry | undefined;
  readonly slot: Slot;
  readonly state: StoredState;
}

/** Answers that promise that something is kept. */
const changes: ReadonlySet<string> = new Set(['stored', 'superseded', 'claimed', 'ended', 'rotated']);

/** How every call of a session goes: open it, decide in the same step, answer when its group is stored. */
export class Slots {
  readonly #parts: SlotParts;

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  /** A claim's epoch is above this one. */
  get floor(): number {
    return epochFloor(this.#parts.generation);
  }

  open(pool: PoolName, session: SessionId, replication?: Replication): Held {
    const { address, feed, tenure } = this.#parts;
    address.mustBe({ pool, shard: shardOf(session) });
    tenure.mustStand();
    // A wake must know by what name to go on copying.
    if (replication !== undefined && feed.adopt(replication) === 'changed') address.keep();
    return this.#held(session);
  }

  /** The same for who names an epoch: one that only the replaced shard can have given out is stepped over. */
  openAt(pool: PoolName, session: SessionId, epoch: number, replication?: Replication): Held {
    const held = this.open(pool, session, replication);
    const next = overtaken(held.slot, epoch, this.floor);
    if (next === undefined) return held;
    this.decide(session, held, { answer: undefined, next });
    return this.#held(session);
  }

  #held(session: SessionId): Held {
    const entry = this.#parts.ledger.find(session);
    const slot: Slot = entry === undefined ? { kind: 'none' } : current(entry.slot, Date.now());
    return { entry, slot, state: entry !== undefined && slot.kind === 'row' ? entry.state : noState };
  }

  /** Takes the verdict into the open group; a session's state goes on with its row unless a new one is given. */
  decide<Answer>(
    session: SessionId,
    held: Held,
    { answer, next, raise }: Verdict<Answer>,
    given?: StoredState,
  ): Answer {
    if (next === undefined || next.kind === 'none') return answer;
    const { groups, ledger } = this.#parts;
    const group = groups.open(Date.now());
    const state = next.kind === 'ended' ? noState : (given ?? held.state);
    ledger.write(group, { session, slot: next, state });
    const old = held.entry?.state;
    if (old?.kind === 'chunked' && old !== state) group.replaced.add(old.id);
    if (raise !== undefined) group.raises.add(raise);
    if (state.kind === 'inline' && state.bytes.length >= hurriedBytes) groups.hurry();
    else if (isMoving(held.slot, next)) groups.soon(Date.now());
    return answer;
  }

  /** Cookies of these origins' sessions ask the map once. */
  raise(origins: readonly OriginId[]): void {
    for (const origin of origins) this.#parts.groups.open(Date.now()).raises.add(origin);
  }

  /** What a reader of this session waits for: what it is told is stored, and by the shard. */
  async settled(session: SessionId): Promise<void> {
    const { groups, tenure } = this.#parts;
    await groups.settled(session);
    if (!tenure.isSure) await tenure.sure();
  }

  /** The answer, once what it promises is true: stored here and, under `quorum`, at a replica, also what an earlier asking has changed. */
  async kept<Answer extends { readonly kind: string }>(
    session: SessionId,
    answer: Answer,
    replication?: Replication,
  ): Promise<Answer | Unreachable> {
    await this.settled(session);
    if (replication?.durability !== 'quorum' || !changes.has(answer.kind)) return answer;
    if (await this.#parts.feed.isKeptElsewhere()) return answer;
    return { kind: 'unreachable', why: 'the shard has it, no replica has it yet' };
  }
}

/** A claim, or the first write after one: a request whose home was lost waits for both. */
function isMoving(held: Slot, next: Slot): boolean {
  if (next.kind !== 'row') return false;
  const [epoch, instance] = held.kind === 'row' ? [held.row.epoch, held.row.instance] : [0, undefined];
  return next.row.epoch !== epoch || instance === noInstance;
}

export function inline(state: SealedState): StoredState {
  return { kind: 'inline', bytes: state.bytes, seal: state.seal, epoch: state.epoch };
}
