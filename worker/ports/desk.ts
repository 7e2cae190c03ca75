import type { Ended } from '../core/fence.ts';
import type { OriginId, SessionId, SubjectTag } from '../core/ids.ts';
import type { Row } from '../core/row.ts';
import type { Unreachable } from './platform.ts';
import type { Handover } from './sessions.ts';

/** A session as operators see it: what the map knows, and how large its state is as it is stored. */
export type ListedRow = Row & { readonly session: SessionId; readonly stateBytes: number };

export interface ListPage {
  readonly rows: readonly ListedRow[];
  readonly cursor: string | undefined;
}

export type ShownSlot =
  | { readonly kind: 'none' }
  | { readonly kind: 'ended'; readonly endsAt: number }
  | { readonly kind: 'row'; readonly row: ListedRow };

/** A shard is searched for a subject page by page; `from` is the page to begin with. */
export interface SubjectWish {
  readonly subject: SubjectTag;
  readonly from: number;
  /** Until when the marks of ended sessions stay. */
  readonly endsAt: number;
}

/** One step of a search: `next` is the page to go on with, absent when the shard has been searched to its end. */
export interface SubjectStep<Found> {
  readonly found: readonly Found[];
  readonly next: number | undefined;
}

export type ExportedSession = ListedRow & Handover;

/** A session that lives on an origin, as its shard has it. */
export interface Resident {
  readonly session: SessionId;
  readonly epoch: number;
  /** 0 while nothing of it is stored. */
  readonly version: number;
}

export interface ResidentsWish {
  readonly origin: OriginId;
  /** The page to begin with. */
  readonly from: number;
  /** About so many: a page is not parted. */
  readonly limit: number;
}

/** Sessions that their home has let go of, and where each goes. */
export interface HandOverWish {
  readonly moves: readonly { readonly session: SessionId; readonly epoch: number; readonly home: OriginId }[];
  readonly nonce: string;
}

/** What an operator may ask of a pool's shards, one at a time (docs/decisions/007-ends.md). A shard is named by the seven characters of its ids. */
export interface ShardDesk {
  list(
    shard: string,
    wish: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<ListPage | Unreachable>;
  show(session: SessionId): Promise<ShownSlot | Unreachable>;
  /** Ends a session wherever it lives. Of one without a row the map does not know the home: then all `origins` are raised. */
  end(
    session: SessionId,
    wish: { readonly endsAt: number; readonly origins: readonly OriginId[] },
  ): Promise<Ended | Unreachable>;
  residents(shard: string, wish: ResidentsWish): Promise<SubjectStep<Resident> | Unreachable>;
  /** Answers with those that were claimed. */
  handOver(shard: string, wish: HandOverWish): Promise<readonly SessionId[] | Unreachable>;
  endSubject(shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId> | Unreachable>;
  exportSubject(shard: string, wish: SubjectWish): Promise<SubjectStep<ExportedSession> | Unreachable>;
  /** Ends them, and has every page and every copy in KV that may hold one of their states written anew before it answers. */
  eraseSubject(shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId> | Unreachable>;
}
