import { DatabaseSync, type StatementSync, type SQLInputValue } from 'node:sqlite';

type Row = Record<string, unknown>;

/** What outlives an object's lives: its SQLite database, its keys and values, and its alarm. */
export class ObjectStorage {
  readonly #database = new DatabaseSync(':memory:');
  readonly #statements = new Map<string, StatementSync>();
  readonly #values = new Map<string, unknown>();
  /** Told of every row that is written, before the statement returns. */
  onWrite: (query: string, bindings: readonly SQLInputValue[]) => void = () => undefined;
  alarmAt: number | undefined;

  readonly sql = {
    exec: (query: string, ...bindings: SQLInputValue[]) => {
      const rows = this.#run(query, bindings);
      return { toArray: () => rows, rowsWritten: 0, [Symbol.iterator]: () => rows.values() };
    },
  };

  readonly kv = {
    get: (key: string) => structuredClone(this.#values.get(key)),
    delete: (key: string) => this.#values.delete(key),
    put: (key: string, value: unknown) => void this.#values.set(key, structuredClone(value)),
  };

  value(key: string): unknown {
    return this.#values.get(key);
  }

  transactionSync(work: () => void): void {
    this.#database.exec('BEGIN');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  query(query: string, ...bindings: SQLInputValue[]): Row[] {
    return this.#run(query, bindings);
  }

  /** Whether the object has made this table yet. */
  has(table: string): boolean {
    return this.#run("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", [table]).length > 0;
  }

  close(): void {
    this.#database.close();
  }

  #run(query: string, bindings: readonly SQLInputValue[]): Row[] {
    const statement = this.#statements.get(query) ?? this.#database.prepare(query);
    this.#statements.set(query, statement);
    const rows = statement.all(...bindings).map(asCloudflareDoes);
    if (!query.startsWith('SELECT')) this.onWrite(query, bindings);
    return rows;
  }
}

/** A blob comes back as an ArrayBuffer. */
function asCloudflareDoes(row: unknown): Row {
  const copy: Row = {};
  for (const [name, value] of Object.entries(row ?? {})) {
    copy[name] = value instanceof Uint8Array ? value.slice().buffer : value;
  }
  return copy;
}
