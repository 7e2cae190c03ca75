import { originId, type SessionId } from '../core/ids.ts';
import type { ShardDesk, StateStore, SubjectStep, SubjectWish, Unreachable } from '../ports.ts';

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
  /** First of all in that store: the map forgets whose a session was, and would find it no second time. */
  async function endLiving(shard: string, wish: SubjectWish): Promise<Unreachable | undefined> {
    const step = await desk.exportSubject(shard, wish);
    if ('kind' in step) return step;
    return endAll(
      step.found.map(({ session }) => session),
      wish.endsAt,
    );
  }

  /** And whoever has come in between. */
  async function endFound(
    step: SubjectStep<SessionId> | Unreachable,
    { endsAt }: SubjectWish,
  ): Promise<SubjectStep<SessionId> | Unreachable> {
    return 'kind' in step ? step : ((await endAll(step.found, endsAt)) ?? step);
  }

  return {
    ...desk,
    async end(session, wish) {
      return (await endAll([session], wish.endsAt)) ?? desk.end(session, wish);
    },
    async endSubject(shard, wish) {
      return (await endLiving(shard, wish)) ?? endFound(await desk.endSubject(shard, wish), wish);
    },
    async eraseSubject(shard, wish) {
      return (await endLiving(shard, wish)) ?? endFound(await desk.eraseSubject(shard, wish), wish);
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
