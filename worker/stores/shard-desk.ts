import type { Ended } from '../core/fence.ts';
import type { PoolName, SessionId } from '../core/ids.ts';
import { shardOf } from '../core/session-id.ts';
import type {
  ExportedSession,
  HandOverWish,
  ListPage,
  Resident,
  ResidentsWish,
  ShardDesk,
  ShownSlot,
  SubjectStep,
  SubjectWish,
  Unreachable,
} from '../ports.ts';
import { persist, shardName, type ShardsOptions } from './session-shards.ts';

/** What a shard's Durable Object does for operators. */
export interface DeskObject {
  list(wish: { cursor?: string | undefined; limit: number }): Promise<ListPage>;
  show(pool: PoolName, session: SessionId): Promise<ShownSlot>;
  endByOperator(pool: PoolName, session: SessionId, wish: Parameters<ShardDesk['end']>[1]): Promise<Ended>;
  residents(pool: PoolName, shard: string, wish: ResidentsWish): Promise<SubjectStep<Resident>>;
  handOver(pool: PoolName, wish: HandOverWish): Promise<readonly SessionId[]>;
  endSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId>>;
  exportSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<ExportedSession>>;
  eraseSubject(pool: PoolName, shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId>>;
}

export interface DeskObjects {
  getByName(name: string): DeskObject;
}

/** A step of a search reads some megabytes, and an erasure writes to KV: more patience than a request has. */
const patience = { deadlineMs: 25_000, callMs: 20_000 };

/** The pool's shards as an operator asks them. Never throws. */
export function createShardDesk(pool: PoolName, objects: DeskObjects, options: ShardsOptions): ShardDesk {
  const ask = <Answer>(
    shard: string,
    call: (desk: DeskObject) => Promise<Answer>,
  ): Promise<Answer | Unreachable> =>
    persist(() => call(objects.getByName(shardName(pool, shard))), { ...options, ...patience });
  return {
    list: (shard, wish) => ask(shard, (desk) => desk.list(wish)),
    show: (session) => ask(shardOf(session), (desk) => desk.show(pool, session)),
    end: (session, wish) => ask(shardOf(session), (desk) => desk.endByOperator(pool, session, wish)),
    residents: (shard, wish) => ask(shard, (desk) => desk.residents(pool, shard, wish)),
    handOver: (shard, wish) => ask(shard, (desk) => desk.handOver(pool, wish)),
    endSubject: (shard, wish) => ask(shard, (desk) => desk.endSubject(pool, shard, wish)),
    exportSubject: (shard, wish) => ask(shard, (desk) => desk.exportSubject(pool, shard, wish)),
    eraseSubject: (shard, wish) => ask(shard, (desk) => desk.eraseSubject(pool, shard, wish)),
  };
}
