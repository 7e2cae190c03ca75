import { originId, type SessionId } from '../core/ids.ts';
import type { ShardDesk, StateStore, Unreachable } from '../ports.ts';

/**
 * Operators work on the map; where the states are in a store of the operator's, what is ended there is ended in that store too, and what is exported is
 * read from it.
 */
export function createSharedDesk(desk: ShardDesk, states: StateStore): ShardDesk {
  async function endAll(sessions: readonly SessionId[], endsAt: number): Promise<Unreachable | undefined> {
    const limits = { expiresAt: endsAt, endsAt };
    const said = await Promise.all(sessions.map((session) => states.end(session, { ...nobody, limits })));
    return said.find((one) => one.kind === 'unreachable');
  }
  return {
    ...desk,
    async end(session, wish) {
      return (await endAll([session], wish.endsAt)) ?? desk.end(session, wish);
    },
    async endSubject(shard, wish) {
      const step = await desk.endSubject(shard, wish);
      return 'kind' in step ? step : ((await endAll(step.found, wish.endsAt)) ?? step);
    },
    async eraseSubject(shard, wish) {
      const step = await desk.eraseSubject(shard, wish);
      return 'kind' in step ? step : ((await endAll(step.found, wish.endsAt)) ?? step);
    },
    async exportSubject(shard, wish) {
      const step = await desk.exportSubject(shard, wish);
      if ('kind' in step) return step;
      const held = await Promise.all(step.found.map(({ session }) => states.get(session)));
      const away = held.find((one) => one.kind === 'unreachable');
      if (away !== undefined) return away;
      const found = step.found.map((row, at) => {
        const state = held[at]?.kind === 'held' ? held[at].state : undefined;
        return state === undefined ? row : { ...row, state, stateBytes: state.bytes.length };
      });
      return { ...step, found };
    },
  };
}

const nobody = { expected: undefined, nonce: '', assumed: { home: originId(''), epoch: 0 } } as const;
