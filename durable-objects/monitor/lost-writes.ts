import type { SessionId } from '../../worker/core/ids.ts';
import { type LostWrite, lostForMs, lostMax } from '../../worker/core/lost-write.ts';

/** The newest lost writes of a pool, one row each. */
export class LostWriteRing {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      'CREATE TABLE IF NOT EXISTS lost (seq INTEGER PRIMARY KEY, session TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL)',
    );
  }

  add(writes: readonly LostWrite[], now: number): void {
    for (const write of writes) {
      const { session, at } = write;
      this.#sql.exec(
        'INSERT INTO lost (session, at, body) VALUES (?, ?, ?)',
        session,
        at,
        JSON.stringify(write),
      );
    }
    this.#sql.exec('DELETE FROM lost WHERE seq <= (SELECT max(seq) FROM lost) - ?', lostMax);
    this.prune(now);
  }

  prune(now: number): void {
    this.#sql.exec('DELETE FROM lost WHERE at < ?', now - lostForMs);
  }

  /** Newest first. */
  all(now: number): LostWrite[] {
    return this.#sql
      .exec<{ body: string }>('SELECT body FROM lost WHERE at >= ? ORDER BY seq DESC', now - lostForMs)
      .toArray()
      .map(({ body }) => JSON.parse(body) as LostWrite);
  }

  forget(sessions: readonly SessionId[]): void {
    for (const session of sessions) this.#sql.exec('DELETE FROM lost WHERE session = ?', session);
  }
}
