import {
  enroll,
  isLiving,
  isOpen,
  isRenewal,
  type Lease,
  type Leased,
  type Registration,
  withdrawn,
} from '../../worker/core/registration.ts';
import type { InstanceId, OriginId } from '../../worker/core/ids.ts';
import type { RegisteredOrigin } from '../../worker/core/snapshot.ts';

/** For so long an ended lease is remembered: what its instance signed before must not bring it back. */
const rememberedForMs = 3_600_000;

/** The origins that have registered themselves, in memory and stored. */
export class Leases {
  readonly #sql: SqlStorage;
  readonly #leases = new Map<OriginId, Lease>();
  #told = '';

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec('CREATE TABLE IF NOT EXISTS lease (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID');
    for (const { body } of sql.exec<{ body: string }>('SELECT body FROM lease')) {
      const lease: Lease = JSON.parse(body);
      this.#leases.set(lease.id, prolonged(lease, Date.now()));
    }
    this.#told = this.#text(Date.now());
  }

  living(now: number): readonly Lease[] {
    return [...this.#leases.values()].filter((lease) => isLiving(lease, now));
  }

  /** What the edges are told; undefined where nobody has registered. */
  registered(now: number): Readonly<Record<OriginId, RegisteredOrigin>> | undefined {
    const living = this.living(now);
    if (living.length === 0) return undefined;
    return Object.fromEntries(
      living.map((lease) => [lease.id, { url: lease.url, weight: isOpen(lease, now) ? lease.weight : 0 }]),
    );
  }

  /** Whether what the edges are told has changed since this was asked the last time. */
  hasTurned(now: number): boolean {
    for (const lease of this.#leases.values()) if (lease.until > 0 && lease.until <= now) this.#end(lease);
    const text = this.#text(now);
    const turned = text !== this.#told;
    this.#told = text;
    return turned;
  }

  register(
    asked: Registration,
    enrolled: { readonly configured: readonly { id: OriginId; url: string }[]; readonly max: number },
    now: number,
  ): Leased {
    const said = enroll(asked, { ...enrolled, leases: [...this.#leases.values()] }, now);
    if (said.kind !== 'leased') return said;
    // A renewal is not written: rows cost, and an object that was away gives everybody another lease.
    if (isRenewal(this.#leases.get(asked.id), said.lease)) this.#leases.set(asked.id, said.lease);
    else this.#keep(said.lease);
    return said;
  }

  /** The instance that was heard last under this id, as long as it is remembered. */
  instanceOf(id: OriginId): InstanceId | undefined {
    return this.#leases.get(id)?.instance;
  }

  withdraw(id: OriginId, instance: InstanceId, stamp: number): void {
    const lease = this.#leases.get(id);
    if (lease?.instance === instance && stamp >= lease.stamp) this.#keep(withdrawn(lease, stamp));
  }

  #end(lease: Lease): void {
    this.#keep({ ...lease, until: 0 });
  }

  #keep(lease: Lease): void {
    this.#leases.set(lease.id, lease);
    this.#sql.exec('INSERT OR REPLACE INTO lease (id, body) VALUES (?, ?)', lease.id, JSON.stringify(lease));
  }

  /** Forgets those that ended long ago, and says which. */
  prune(now: number): OriginId[] {
    const past = [...this.#leases.values()].filter(
      ({ until, stamp }) => Math.max(until, stamp) <= now - rememberedForMs,
    );
    for (const { id } of past) {
      this.#leases.delete(id);
      this.#sql.exec('DELETE FROM lease WHERE id = ?', id);
    }
    return past.map(({ id }) => id);
  }

  #text(now: number): string {
    return JSON.stringify(this.registered(now) ?? {});
  }
}

/** Who had not left or fallen silent when this object was last alive may have renewed since, and nobody heard it. */
function prolonged(lease: Lease, now: number): Lease {
  return lease.until === 0 ? lease : { ...lease, until: Math.max(lease.until, now + lease.leaseMs) };
}
