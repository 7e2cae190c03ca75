import { type OriginId, originId } from '../../worker/core/ids.ts';
import {
  afterOrder,
  mayOrder,
  nothingOrdered,
  type Operation,
  type Order,
  type OriginState,
  told,
} from '../../worker/core/operation.ts';
import type { Snapshot, Standing } from '../../worker/core/snapshot.ts';

type OriginOrder = Exclude<Order, { kind: 'route-only' }>;

/** What is ordered of a pool's origins, in memory and stored, over whatever the configuration says of them. */
export class Operations {
  readonly #storage: DurableObjectStorage;
  readonly #orders = new Map<OriginId, Operation>();
  #routeOnly: 'on' | 'off';

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS operation (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID',
    );
    this.#routeOnly = storage.kv.get<'on' | 'off'>('routeOnly') ?? 'off';
    for (const { id, body } of storage.sql.exec<{ id: string; body: string }>(
      'SELECT id, body FROM operation',
    ))
      this.#orders.set(originId(id), JSON.parse(body) as Operation);
  }

  get routeOnly(): 'on' | 'off' {
    return this.#routeOnly;
  }

  of(origin: OriginId): Operation {
    return this.#orders.get(origin) ?? nothingOrdered;
  }

  /** Answers whether it changed anything. */
  orderOrigin(order: OriginOrder, now: number): 'changed' | 'the same' | 'not theirs' {
    const before = this.of(order.origin);
    if (order.kind === 'state' && !mayOrder(before, order)) return 'not theirs';
    const after = afterOrder(before, order, now);
    if (isSame(before, after)) return 'the same';
    this.#keep(order.origin, after);
    return 'changed';
  }

  orderRouteOnly(to: 'on' | 'off'): 'changed' | 'the same' {
    if (this.#routeOnly === to) return 'the same';
    this.#routeOnly = to;
    this.#storage.kv.put('routeOnly', to);
    return 'changed';
  }

  /** What the configuration has removed takes its orders with it. */
  keepOnly(known: ReadonlySet<OriginId>): void {
    for (const origin of this.#orders.keys()) if (!known.has(origin)) this.#forget(origin);
  }

  /** A pool's snapshot with what is ordered. */
  over(bare: Snapshot): Snapshot {
    const entries = Object.entries(bare.origins) as [OriginId, Standing][];
    const ordered = entries.map(([id, standing]) => [id, { ...standing, ...told(this.of(id)) }] as const);
    const snapshot = { ...bare, origins: Object.fromEntries(ordered) };
    return this.#routeOnly === 'on' ? { ...snapshot, routeOnly: true } : snapshot;
  }

  #keep(origin: OriginId, operation: Operation): void {
    if (operation.state === 'active' && operation.weight === 'configured') return this.#forget(origin);
    this.#orders.set(origin, operation);
    this.#storage.sql.exec(
      'INSERT OR REPLACE INTO operation (id, body) VALUES (?, ?)',
      origin,
      JSON.stringify(operation),
    );
  }

  #forget(origin: OriginId): void {
    this.#orders.delete(origin);
    this.#storage.sql.exec('DELETE FROM operation WHERE id = ?', origin);
  }
}

/** States in which nobody serves: who returns from one has an older life that cookies may still name. */
export function isOut(state: OriginState): boolean {
  return state === 'down' || state === 'disabled';
}

function isSame(one: Operation, other: Operation): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
