import type { Lag } from '../../worker/core/replication.ts';
import type { ShardParts } from './parts.ts';

export interface ShardStats {
  /** Sessions and marks of ended ones. */
  readonly rows: number;
  readonly logRows: number;
  readonly logEntries: number;
  readonly pages: number;
  readonly chunks: number;
  /** Of the four tables, since this instance of the object started. */
  readonly rowsWritten: number;
  /** How far each replica is behind. */
  readonly replicas: readonly Lag[];
}

export function statsOf({ groups, ledger, tables, feed }: ShardParts, now: number): ShardStats {
  groups.flush();
  const { logEntries } = ledger;
  const { rowsWritten } = tables;
  return {
    rows: ledger.bucketsFrom(0).reduce((sum, bucket) => sum + ledger.entriesOf(bucket, now).length, 0),
    logRows: tables.count('log'),
    logEntries,
    pages: tables.count('page'),
    chunks: tables.count('chunk'),
    rowsWritten,
    replicas: feed.lags(now),
  };
}
