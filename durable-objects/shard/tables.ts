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

  log(): ArrayBuffer[] {
    return this.#run<{ body: ArrayBuffer }>('SELECT body FROM log ORDER BY seq').map((row) => row.body);
  }

  appendLog(body: Uint8Array<ArrayBuffer>): void {
    this.#run('INSERT INTO log (body) VALUES (?)', body);
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

type SqlBinding = string | number | Uint8Array<ArrayBuffer>;
