import { flipped, type Health, unprobed } from '../../worker/core/health.ts';
import { type OriginId, originId } from '../../worker/core/ids.ts';
import type { ProbingConfig } from '../../worker/core/probing.ts';
import type { Snapshot, Standing } from '../../worker/core/snapshot.ts';

/** Who is in the pool and how they are, in memory and stored. Runs of probe results are only in memory. */
export class Roster {
  readonly #storage: DurableObjectStorage;
  readonly #healths = new Map<OriginId, Health>();
  #probing: ProbingConfig | undefined;
  #version: number;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS origin (id TEXT PRIMARY KEY, health TEXT NOT NULL) WITHOUT ROWID',
    );
    this.#version = storage.kv.get<number>('version') ?? 0;
    this.#probing = storage.kv.get<ProbingConfig>('probing');
    for (const { id, health } of storage.sql.exec<{ id: string; health: string }>(
      'SELECT id, health FROM origin',
    )) {
      this.#healths.set(originId(id), JSON.parse(health) as Health);
    }
  }

  get probing(): ProbingConfig | undefined {
    return this.#probing;
  }

  get version(): number {
    return this.#version;
  }

  /** The pool's origins. One that left the pool is remembered, but it is not here. */
  get healths(): ReadonlyMap<OriginId, Health> {
    const members = this.#probing?.origins ?? [];
    return new Map(members.map(({ id }) => [id, this.#healths.get(id) ?? unprobed(0)]));
  }

  get snapshot(): Snapshot {
    const standings = [...this.healths].map(([id, { health, incarnation }]): [OriginId, Standing] => [
      id,
      { health, incarnation },
    ]);
    return { version: this.#version, origins: Object.fromEntries(standings) };
  }

  /** Takes a newer configuration; answers whether there was something new in it. */
  adopt(probing: ProbingConfig, now: number): boolean {
    const known = this.#probing;
    if (known !== undefined && (probing.revision < known.revision || isSame(known, probing))) return false;
    const before = new Set(known?.origins.map(({ id }) => id));
    this.#storage.transactionSync(() => {
      for (const { id } of probing.origins) if (!before.has(id)) this.#keep(id, this.#joining(id, now));
      this.#probing = probing;
      this.#storage.kv.put('probing', probing);
      this.bump();
    });
    return true;
  }

  /** Stores only what others are told: health and incarnation. */
  learn(origin: OriginId, health: Health): void {
    const before = this.#healths.get(origin);
    this.#healths.set(origin, health);
    if (before !== undefined && !flipped(before, health) && before.incarnation === health.incarnation) return;
    this.#storage.transactionSync(() => {
      this.#keep(origin, health);
      this.bump();
    });
  }

  /** Every cookie asks the map once. */
  raiseAll(): void {
    for (const [origin, health] of this.healths)
      this.#keep(origin, { ...health, incarnation: health.incarnation + 1 });
    this.bump();
  }

  /** Who comes back to the pool has an older life that cookies may still name: it counts as a new one. */
  #joining(id: OriginId, now: number): Health {
    const left = this.#healths.get(id);
    return left === undefined ? unprobed(now) : { ...unprobed(now), incarnation: left.incarnation + 1 };
  }

  #keep(id: OriginId, health: Health): void {
    this.#healths.set(id, health);
    this.#storage.sql.exec(
      'INSERT OR REPLACE INTO origin (id, health) VALUES (?, ?)',
      id,
      JSON.stringify(health),
    );
  }

  /** What others are told has changed. */
  bump(): void {
    this.#version++;
    this.#storage.kv.put('version', this.#version);
  }
}

function isSame(one: ProbingConfig, other: ProbingConfig): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
