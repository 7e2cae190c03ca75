import {
  type Claimed,
  type Put,
  type PutSaid,
  type Rotated,
  rotate,
  type Verdict,
} from '../../worker/core/fence.ts';
import type { SessionId } from '../../worker/core/ids.ts';
import { Lru } from '../../worker/core/lru.ts';
import type { Row, Slot } from '../../worker/core/row.ts';

/** Claims of which the object remembers what they handed over: a put that they have overtaken comes within seconds. */
const rememberedMax = 4_096;

/**
 * What each session's last claim has handed over. A put of the very instance that was left, no newer than what the claim has taken from it, is
 * in the state that lives on: `superseded` by a newer version of its own instance, though the session has moved meanwhile. In memory only: after an
 * eviction such a put is fenced, as any other.
 */
export class Left {
  readonly #rows = new Lru<Row>(rememberedMax);

  claimed(session: SessionId, slot: Slot, answer: Claimed): void {
    if (answer.kind === 'claimed' && slot.kind === 'row' && answer.row.epoch > slot.row.epoch)
      this.#rows.set(session, slot.row);
  }

  judged(session: SessionId, wish: Put, answer: PutSaid): PutSaid {
    const row = answer.kind === 'fenced' ? this.#rows.peek(session) : undefined;
    if (row === undefined || answer.kind !== 'fenced') return answer;
    const isIn =
      row.epoch === wish.epoch &&
      row.home === wish.home &&
      row.instance === wish.instance &&
      wish.version <= row.version;
    return isIn ? { kind: 'superseded', row: answer.row } : answer;
  }

  /**
   * A login that a claim has overtaken on its way: a request with the old cookie has had the session claimed anew. While nothing newer was stored
   * since, the login has all that there is and goes on; whoever has claimed meets the end, and its cookies ask.
   */
  rotated(session: SessionId, slot: Slot, wish: Put): Verdict<Rotated> {
    const verdict = rotate(slot, wish);
    const row = verdict.answer.kind === 'fenced' ? this.#rows.peek(session) : undefined;
    if (row === undefined || slot.kind !== 'row' || slot.row.version !== row.version) return verdict;
    const before = rotate({ kind: 'row', row }, wish);
    return before.answer.kind === 'rotated' ? { ...before, raise: slot.row.home } : verdict;
  }
}
