import type { PoolName } from '../../worker/core/ids.ts';
import type { Filling, Position, Stretch } from '../../worker/core/replication.ts';
import type { LogRow } from './tables.ts';

/** Of which shard the replica is one, and which of the shard's objects asks. */
export interface Of {
  readonly pool: PoolName;
  readonly shard: string;
  readonly generation: number;
}

/** A part of a state that is too large for its row. */
export interface Chunk {
  readonly id: string;
  readonly part: number;
  readonly body: ArrayBuffer;
}

/** How many chunks belong to each state that was sent before; a state that is not named was gone already. */
export type Sent = readonly (readonly [id: string, parts: number])[];

export interface Rows extends Stretch {
  readonly rows: readonly LogRow[];
  readonly sent: Sent;
  /** The shard's clock when it read them: as of when the copy is true. */
  readonly at: number;
}

export interface Pages extends Filling {
  readonly pages: readonly { readonly bucket: number; readonly body: ArrayBuffer }[];
  readonly sent: Sent;
  readonly at: number;
}

/** What a replica answers its shard: where it stands now. A step that did not fit has changed nothing. */
export interface ReplicaSink {
  position(of: Of): Promise<Position>;
  begin(of: Of, stream: string, from: number): Promise<Position>;
  chunks(of: Of, chunks: readonly Chunk[]): Promise<void>;
  fill(of: Of, pages: Pages): Promise<Position>;
  append(of: Of, rows: Rows): Promise<Position>;
}

/** The same, and each answer tells when its question was sent. */
export function confirming(sink: ReplicaSink, heard: (sentAt: number) => void): ReplicaSink {
  const timed = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    const sentAt = Date.now();
    const answer = await ask();
    heard(sentAt);
    return answer;
  };
  return {
    position: (of) => timed(() => sink.position(of)),
    begin: (of, stream, from) => timed(() => sink.begin(of, stream, from)),
    chunks: (of, chunks) => timed(() => sink.chunks(of, chunks)),
    fill: (of, pages) => timed(() => sink.fill(of, pages)),
    append: (of, rows) => timed(() => sink.append(of, rows)),
  };
}
