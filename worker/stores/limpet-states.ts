import type { Ended } from '../core/fence.ts';
import { nothing, stampOf } from '../core/swap.ts';
import type { HeldState, ReadSlot, Shards, StateStore } from '../ports.ts';

/** Limpet's own shards as the store that a pool's origins share: the row that remembers the home holds the bytes too. */
export function createLimpetStates(shards: Shards): StateStore {
  return {
    async get(session) {
      const slot = await shards.read(session);
      return slot.kind === 'unreachable' ? slot : heldIn(slot);
    },
    put: (session, wish) => shards.swap(session, { ...wish, to: 'state' }),
    end: (session, wish) => shards.swap(session, { ...wish, to: 'end' }),
    async touch(session, wish) {
      const said = await shards.renew(session, wish);
      return said.kind === 'row' ? { kind: 'touched' } : said;
    },
  };
}

function heldIn(slot: ReadSlot): HeldState | Ended {
  if (slot.kind === 'ended') return slot;
  if (slot.kind === 'none') return { kind: 'held', stamp: nothing };
  const { row, state } = slot;
  return state === undefined
    ? { kind: 'held', stamp: stampOf(row) }
    : { kind: 'held', stamp: stampOf(row), state };
}
