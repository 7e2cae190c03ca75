import type { PoolName } from '../core/ids.ts';
import type { Order } from '../core/operation.ts';
import type { ProbingConfig } from '../core/probing.ts';
import type { Clock, GiveOrder, Ordered, Timers } from '../ports.ts';
import { persist } from './session-shards.ts';

/** What a pool's monitor does on order. */
export interface OrdersObject {
  order(probing: ProbingConfig, order: Order): Promise<Ordered>;
}

export interface OrdersObjects {
  getByName(name: string): OrdersObject;
}

export interface OrdersOptions {
  readonly pool: PoolName;
  /** The configuration goes along: a monitor that nobody has asked yet knows of no origin. */
  readonly probing: ProbingConfig;
  readonly monitors: OrdersObjects;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Never throws. An order that is given twice is given once. */
export function createGiveOrder({ pool, probing, monitors, clock, timers }: OrdersOptions): GiveOrder {
  return (order) => persist(() => monitors.getByName(pool).order(probing, order), { clock, timers });
}
