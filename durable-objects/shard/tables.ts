import { type OriginId, originId } from '../../worker/core/ids.ts';

/** The shard's four tables (docs/decisions/004-shard-layout.md). One statement per method; counts what will be billed. */
export class Tables {
  readonly #sql: SqlStorage;
  #rowsWritten = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#run('CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)');
    this.#run('CREATE TABLE IF NOT EXISTS page (bucket INTEGER PRIMARY KEY, body BLOB NOT NULL)');
    this.#run(
      'CREATE TABLE IF NOT EXISTS chunk (id TEXT, part INTEGER, body BLOB NOT NULL, PRIMARY KEY (id, part)) WITHOUT ROWID',
    );
    this.#run('CREATE TABLE IF NOT EXISTS raise (origin TEXT PRIMARY KEY) WITHOUT ROWID');
    this.#rowsWritten = 0;
  }

  get rowsWritten(): number {
    return this.#rowsWritten;
  }

  log(after: number): ArrayBuffer[] {
    const rows = this.#run<{ body: ArrayBuffer }>('SELECT body FROM log WHERE seq > ? ORDER BY seq', after);
    return rows.map((row) => row.body);
  }

  /** The rows after `after`, as many as fit into `bytesMax`, at least one where there is one. */
  logRows(after: number, bytesMax: number): LogRow[] {
    const rows: LogRow[] = [];
    let bytes = 0;
    for (const row of this.#sql.exec<{ seq: number; body: ArrayBuffer }>(
      'SELECT seq, body FROM log WHERE seq > ? ORDER BY seq',
      after,
    )) {
      bytes += row.body.byteLength;
      if (rows.length > 0 && bytes > bytesMax) break;
      rows.push(row);
    }
    return rows;
  }

  /** Newest first. */
  logSizes(): { seq: number; bytes: number }[] {
    return this.#run<{ seq: number; bytes: number }>(
      'SELECT seq, length(body) AS bytes FROM log ORDER BY seq DESC',
    );
  }

  appendLog(seq: number, body: Uint8Array<ArrayBuffer>): void {
    this.#run('INSERT INTO log (body, seq) VALUES (?, ?)', body, seq);
  }

  firstLogged(): number | undefined {
    return this.#run<{ first: number | null }>('SELECT min(seq) AS first FROM log')[0]?.first ?? undefined;
  }

  lastLogged(): number {
    return this.#run<{ last: number | null }>('SELECT max(seq) AS last FROM log')[0]?.last ?? 0;
  }

  deleteLog(upTo: number): void {
    this.#run('DELETE FROM log WHERE seq <= ?', upTo);
  }

  page(bucket: number): ArrayBuffer | undefined {
    return this.#run<{ body: ArrayBuffer }>('SELECT body FROM page WHERE bucket = ?', bucket)[0]?.body;
  }

  /** The buckets that have a page, from the given one on. */
  pagesFrom(bucket: number): number[] {
    const rows = this.#run<{ bucket: number }>(
      'SELECT bucket FROM page WHERE bucket >= ? ORDER BY bucket',
      bucket,
    );
    return rows.map((row) => row.bucket);
  }

  writePage(bucket: number, body: Uint8Array<ArrayBuffer>): void {
    this.#run('INSERT OR REPLACE INTO page (bucket, body) VALUES (?, ?)', bucket, body);
  }

  deletePage(bucket: number): void {
    this.#run('DELETE FROM page WHERE bucket = ?', bucket);
  }

  chunks(id: string): ArrayBuffer[] {
    return this.#run<{ body: ArrayBuffer }>('SELECT body FROM chunk WHERE id = ? ORDER BY part', id).map(
      (row) => row.body,
    );
  }

  chunkBytes(id: string): number {
    const [row] = this.#run<{ bytes: number | null }>(
      'SELECT sum(length(body)) AS bytes FROM chunk WHERE id = ?',
      id,
    );
    return row?.bytes ?? 0;
  }

  writeChunk(id: string, part: number, body: Uint8Array<ArrayBuffer>): void {
    this.#run('INSERT OR REPLACE INTO chunk (id, part, body) VALUES (?, ?, ?)', id, part, body);
  }

  deleteChunks(id: string): void {
    this.#run('DELETE FROM chunk WHERE id = ?', id);
  }

  chunkIds(): string[] {
    return this.#run<{ id: string }>('SELECT DISTINCT id FROM chunk').map(({ id }) => id);
  }

  countChunks(id: string): number {
    return (
      this.#run<{ count: number }>('SELECT count(*) AS count FROM chunk WHERE id = ?', id)[0]?.count ?? 0
    );
  }

  /** Everything but the raises: a replica begins anew. */
  clear(): void {
    for (const table of ['log', 'page', 'chunk']) this.#run(`DELETE FROM ${table}`);
  }

  raises(): OriginId[] {
    return this.#run<{ origin: string }>('SELECT origin FROM raise').map((row) => originId(row.origin));
  }

  addRaise(origin: OriginId): void {
    this.#run('INSERT OR IGNORE INTO raise (origin) VALUES (?)', origin);
  }

  deleteRaise(origin: OriginId): void {
    this.#run('DELETE FROM raise WHERE origin = ?', origin);
  }

  count(table: 'log' | 'page' | 'chunk'): number {
    return this.#run<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)[0]?.count ?? 0;
  }

  #run<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlBinding[]): Row[] {
    const cursor = this.#sql.exec<Row>(query, ...bindings);
    const rows = cursor.toArray();
    this.#rowsWritten += cursor.rowsWritten;
    return rows;
  }
}

export interface LogRow {
  readonly seq: number;
  readonly body: ArrayBuffer;
}

type SqlBinding = string | number | Uint8Array<ArrayBuffer>;
