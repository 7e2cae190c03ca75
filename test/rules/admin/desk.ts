import type { SessionId } from '../../../worker/core/ids.ts';
import { shardOf } from '../../../worker/core/session-id.ts';
import type {
  ListedRow,
  SealedState,
  ShardDesk,
  SubjectStep,
  SubjectWish,
  Unreachable,
} from '../../../worker/ports.ts';

export interface DeskSession {
  readonly row: ListedRow;
  readonly state?: SealedState;
}

/** A pool's shards as an operator asks them: a list of sessions, of which a search finds one per step. */
export interface FakeDesk extends ShardDesk {
  readonly sessions: DeskSession[];
  readonly ended: { session: SessionId; endsAt: number; origins: readonly string[] }[];
  readonly erased: SessionId[];
  /** Shards that do not answer. */
  readonly away: Set<string>;
  /** Shards asked, in order. */
  readonly asked: string[];
}

export function fakeDesk(): FakeDesk {
  const desk = {
    sessions: [] as DeskSession[],
    ended: [] as FakeDesk['ended'],
    erased: [] as SessionId[],
    away: new Set<string>(),
    asked: [] as string[],
  };
  const answer = async <Said>(shard: string, said: () => Said): Promise<Said | Unreachable> => {
    desk.asked.push(shard);
    return desk.away.has(shard) ? { kind: 'unreachable', why: 'the test says so' } : said();
  };
  const inShard = (shard: string) => desk.sessions.filter(({ row }) => shardOf(row.session) === shard);
  const step = <Found>(
    shard: string,
    { subject, from }: SubjectWish,
    found: (one: DeskSession) => Found,
  ): SubjectStep<Found> => {
    const all = inShard(shard);
    const one = all[from];
    return {
      found: one?.row.subject === subject && one !== undefined ? [found(one)] : [],
      next: from + 1 < all.length ? from + 1 : undefined,
    };
  };
  return {
    ...desk,
    list: (shard, { cursor, limit }) =>
      answer(shard, () => {
        const rest = inShard(shard)
          .map(({ row }) => row)
          .filter(({ session }) => cursor === undefined || session > cursor);
        const rows = rest.slice(0, limit);
        return { rows, cursor: rest.length > limit ? rows.at(-1)?.session : undefined };
      }),
    show: (session) =>
      answer(shardOf(session), () => {
        if (desk.ended.some((one) => one.session === session)) return { kind: 'ended', endsAt: 1 } as const;
        const found = desk.sessions.find(({ row }) => row.session === session);
        return found === undefined ? ({ kind: 'none' } as const) : ({ kind: 'row', row: found.row } as const);
      }),
    end: (session, wish) =>
      answer(shardOf(session), () => {
        desk.ended.push({ session, ...wish });
        return { kind: 'ended' } as const;
      }),
    residents: (shard, { origin }) =>
      answer(shard, () => ({
        found: inShard(shard).flatMap(({ row }) => (row.home === origin ? [row] : [])),
        next: undefined,
      })),
    handOver: (shard, { moves }) =>
      answer(shard, () =>
        moves.flatMap(({ session, epoch, home }) => {
          const at = desk.sessions.findIndex(({ row }) => row.session === session && row.epoch === epoch);
          const found = desk.sessions[at];
          if (found === undefined) return [];
          desk.sessions[at] = { ...found, row: { ...found.row, home, epoch: epoch + 1 } };
          return [session];
        }),
      ),
    endSubject: (shard, wish) =>
      answer(shard, () =>
        step(shard, wish, ({ row: { session } }) => {
          desk.ended.push({ session, endsAt: wish.endsAt, origins: [] });
          return session;
        }),
      ),
    exportSubject: (shard, wish) =>
      answer(shard, () =>
        step(shard, wish, ({ row, state }) => (state === undefined ? row : { ...row, state })),
      ),
    eraseSubject: (shard, wish) =>
      answer(shard, () => step(shard, wish, ({ row: { session } }) => (desk.erased.push(session), session))),
  };
}
