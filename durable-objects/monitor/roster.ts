import { flipped, type Health, unprobed } from '../../worker/core/health.ts';
import { type InstanceId, type OriginId, originId } from '../../worker/core/ids.ts';
import { plainProbing, type ProbedOrigin, type ProbingConfig } from '../../worker/core/probing.ts';
import type { Leased, Registration } from '../../worker/core/registration.ts';
import type { Snapshot, Standing } from '../../worker/core/snapshot.ts';
import { Leases } from './leases.ts';

/** Who is in the pool and how they are, in memory and stored. Runs of probe results are only in memory. */
export class Roster {
  readonly #storage: DurableObjectStorage;
  readonly #leases: Leases;
  readonly #healths = new Map<OriginId, Health>();
  #probing: ProbingConfig | undefined;
  #version: number;
  /** Only in memory: a monitor that was evicted meanwhile has nothing to look into any more. */
  readonly #doubted = new Set<OriginId>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#leases = new Leases(storage.sql);
    storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS origin (id TEXT PRIMARY KEY, health TEXT NOT NULL) WITHOUT ROWID',
    );
    this.#version = storage.kv.get<number>('version') ?? 0;
    const kept = storage.kv.get<ProbingConfig>('probing');
    // What an earlier version of this code has kept lacks the options that are younger.
    this.#probing = kept && { ...kept, health: { ...plainProbing, ...kept.health } };
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

  /** The origins of the configuration, and those that have registered themselves. */
  get members(): readonly ProbedOrigin[] {
    const configured = this.#probing?.origins ?? [];
    const living = this.#leases.living(Date.now());
    if (living.length === 0) return configured;
    const ids = new Set(configured.map(({ id }) => id));
    return [...configured, ...living.filter(({ id }) => !ids.has(id)).map(({ id, url }) => ({ id, url }))];
  }

  /** When the lease of an origin that has registered itself ends; undefined for any other. */
  leasedUntil(origin: OriginId): number | undefined {
    return this.#leases.living(Date.now()).find(({ id }) => id === origin)?.until;
  }

  member(origin: OriginId): ProbedOrigin | undefined {
    return this.members.find(({ id }) => id === origin);
  }

  /** Of a member; undefined for anybody else. */
  healthOf(origin: OriginId): Health | undefined {
    return this.member(origin) && (this.#healths.get(origin) ?? unprobed(0));
  }

  /** The pool's origins. One that left the pool is remembered, but it is not here. */
  get healths(): ReadonlyMap<OriginId, Health> {
    return new Map(this.members.map(({ id }) => [id, this.#healths.get(id) ?? unprobed(0)]));
  }

  get snapshot(): Snapshot {
    const standings = [...this.healths].map(([id, health]): [OriginId, Standing] => [
      id,
      standingOf(health, this.#doubted.has(id)),
    ]);
    const registered = this.#leases.registered(Date.now());
    const snapshot = { version: this.#version, origins: Object.fromEntries(standings) };
    return registered === undefined ? snapshot : { ...snapshot, registered };
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

  /** An edge could not use it: the others hear of it at once, before a probe can tell. */
  doubt(origin: OriginId): void {
    if (this.#doubted.has(origin)) return;
    this.#doubted.add(origin);
    this.bump();
  }

  settle(origin: OriginId): void {
    if (this.#doubted.delete(origin)) this.bump();
  }

  /** An origin registers itself or renews its lease. Another instance under a known id is another memory: cookies of it ask the map. */
  register(asked: Registration, max: number): Leased {
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      this.turn(now);
      this.prune(now);
      const wasHere = this.member(asked.id) !== undefined;
      const said = this.#leases.register(asked, { configured: this.#probing?.origins ?? [], max }, now);
      if (said.kind !== 'leased') return said;
      // No incarnation is above the version: whatever was known under this id before is older.
      if (!wasHere) this.#keep(asked.id, { ...unprobed(now), incarnation: this.#version + 1 });
      else if (said.newcomer) this.#raise(asked.id);
      if (said.newcomer || this.#leases.hasTurned(now)) this.bump();
      return said;
    });
  }

  /** Of one that has registered itself, also a while ago. */
  instanceOf(origin: OriginId): InstanceId | undefined {
    return this.#leases.instanceOf(origin);
  }

  /** Whoever is in the pool or may come back to it as the same. */
  get remembered(): ReadonlySet<OriginId> {
    return new Set(this.#healths.keys());
  }

  withdraw(origin: OriginId, instance: InstanceId, stamp: number): void {
    this.#storage.transactionSync(() => {
      this.#leases.withdraw(origin, instance, stamp);
      this.turn(Date.now());
    });
  }

  /** Forgets who left long ago. */
  prune(now: number): void {
    this.#forget(this.#leases.prune(now));
  }

  /** Leases end, and newcomers open, as time goes by. */
  turn(now: number): void {
    if (this.#leases.hasTurned(now)) this.bump();
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

  #forget(ids: readonly OriginId[]): void {
    for (const id of ids.filter((one) => this.member(one) === undefined)) {
      this.#healths.delete(id);
      this.#storage.sql.exec('DELETE FROM origin WHERE id = ?', id);
    }
  }

  #raise(id: OriginId): void {
    const health = this.#healths.get(id);
    if (health !== undefined) this.#keep(id, { ...health, incarnation: health.incarnation + 1 });
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

function standingOf({ health, incarnation, returnedAt }: Health, isDoubted: boolean): Standing {
  return {
    health,
    incarnation,
    ...(returnedAt === undefined ? {} : { returnedAt }),
    ...(isDoubted ? { doubted: true } : {}),
  };
}

function isSame(one: ProbingConfig, other: ProbingConfig): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
