import type { SessionId } from '../core/ids.ts';
import type { Row } from '../core/row.ts';
import type { SealedState } from './sessions.ts';

export interface CopyInFallback {
  readonly row: Row;
  readonly state: SealedState;
  readonly ageMs: number;
}

/** A session as a replica of its shard has it. */
export interface CopyInReplica extends CopyInFallback {
  readonly layer: 'replica';
}

/** The replicas of the pool's shards, as far as an edge reads them. Never throws, and is never the signal. */
export interface Replicas {
  /** The newest copy that a replica has; undefined where none has one, or none answers in time. */
  session(session: SessionId): Promise<CopyInReplica | undefined>;
}

export interface CachedAnswer {
  readonly response: Response;
  readonly ageMs: number;
}

/** The KV-backed fallback. Never the signal, always the last layer. */
export interface Fallback {
  answer(key: string): Promise<CachedAnswer | undefined>;
  keepAnswer(key: string, response: Response): Promise<void>;
  session(session: SessionId): Promise<CopyInFallback | undefined>;
  page(): Promise<string | undefined>;
}
