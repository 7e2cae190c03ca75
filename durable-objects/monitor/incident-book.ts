import { type Incident, incidentsForMs, incidentsMax } from '../../worker/core/incident.ts';

/** What many isolates tell at once is written together: the first of them waits so long for its answer. */
const groupMs = 200;

/** The records of a pool's incidents, one row each; those that changed last are in memory too. */
export class IncidentBook {
  readonly #sql: SqlStorage;
  readonly #held = new Map<number, Incident>();
  readonly #unwritten = new Set<number>();
  #group: Promise<void> | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec('CREATE TABLE IF NOT EXISTS incident (number INTEGER PRIMARY KEY, body TEXT NOT NULL)');
    for (const incident of this.#stored()) this.#held.set(incident.number, incident);
  }

  /** Newest first. */
  all(): Incident[] {
    return [...this.#held.values()].sort((one, other) => other.number - one.number);
  }

  get(number: number): Incident | undefined {
    return this.#held.get(number);
  }

  /** The number of the next one: it never comes again, whatever has been pruned. */
  next(): number {
    return Math.max(0, ...this.#held.keys()) + 1;
  }

  /** Stored at once: it begins, ends or goes on after its end. */
  write(incident: Incident): void {
    this.#held.set(incident.number, incident);
    this.#unwritten.delete(incident.number);
    this.#sql.exec(
      'INSERT OR REPLACE INTO incident (number, body) VALUES (?, ?)',
      incident.number,
      JSON.stringify(incident),
    );
  }

  /** Stored with its group: it was added to. */
  keep(incident: Incident): void {
    this.#held.set(incident.number, incident);
    this.#unwritten.add(incident.number);
    this.#group ??= new Promise((resolve) => setTimeout(resolve, groupMs)).then(() => this.#flush());
  }

  /** Resolves when all that was kept is stored. */
  async stored(): Promise<void> {
    await this.#group;
  }

  #flush(): void {
    this.#group = undefined;
    for (const number of this.#unwritten) {
      const incident = this.#held.get(number);
      if (incident !== undefined) this.write(incident);
    }
  }

  /** What is older than thirty days goes, and the oldest beyond a thousand. The newest stays in any case: it knows the next number. */
  prune(now: number): void {
    const [newest, ...older] = this.all();
    if (newest === undefined) return;
    for (const [at, { number, endedAt }] of older.entries()) {
      const isOld = endedAt !== null && endedAt < now - incidentsForMs;
      if (isOld || at + 1 >= incidentsMax) this.#drop(number);
    }
  }

  #drop(number: number): void {
    this.#held.delete(number);
    this.#unwritten.delete(number);
    this.#sql.exec('DELETE FROM incident WHERE number = ?', number);
  }

  #stored(): Incident[] {
    return this.#sql
      .exec<{ body: string }>('SELECT body FROM incident ORDER BY number')
      .toArray()
      .map(({ body }) => JSON.parse(body) as Incident);
  }
}
