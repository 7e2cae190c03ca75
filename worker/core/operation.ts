import type { OriginId } from './ids.ts';

/** What an operator, or the origin itself, has ordered of an origin in operation. `active` is an origin of which nothing is ordered. */
export type OriginState = 'active' | 'draining' | 'down' | 'disabled';

/** Who ordered it: an order of the health path ends with what the health path says. */
export type OrderedBy = 'operator' | 'origin' | 'health';

/** An origin's orders as its pool's monitor keeps them. Times are milliseconds since 1970. */
export interface Operation {
  readonly state: OriginState;
  readonly since: number;
  readonly by: OrderedBy;
  /** When what still lives on a draining origin is moved, with its data or without. */
  readonly until: number;
  /** Instead of the configuration's. */
  readonly weight: number | 'configured';
}

export const nothingOrdered: Operation = {
  state: 'active',
  since: 0,
  by: 'operator',
  until: 0,
  weight: 'configured',
};

export type Order =
  | {
      readonly kind: 'state';
      readonly origin: OriginId;
      readonly state: OriginState;
      readonly by: OrderedBy;
      /** For a drain: until when sessions that cannot be handed off stay. */
      readonly deadlineMs: number;
    }
  | { readonly kind: 'weight'; readonly origin: OriginId; readonly weight: number | 'configured' }
  | { readonly kind: 'route-only'; readonly to: 'on' | 'off' };

/** What the pool is told of an origin's orders; nothing where there are none, so that a snapshot stays small. */
export interface Told {
  readonly state?: Exclude<OriginState, 'active'>;
  readonly until?: number;
  readonly weight?: number;
}

export function told({ state, until, weight }: Operation): Told {
  return {
    ...(state === 'active' ? {} : { state }),
    ...(state === 'draining' ? { until } : {}),
    ...(weight === 'configured' ? {} : { weight }),
  };
}

/** The orders after one more. A drain that is ordered again keeps its beginning. */
export function afterOrder(
  before: Operation,
  order: Exclude<Order, { kind: 'route-only' }>,
  now: number,
): Operation {
  if (order.kind === 'weight') return { ...before, weight: order.weight };
  const { state, by, deadlineMs } = order;
  const since = before.state === state ? before.since : now;
  return { ...before, state, by, since, until: state === 'draining' ? now + deadlineMs : 0 };
}

/** An origin's own wish, and that of its health path, never undo what an operator has ordered; only the health path ends its own. */
export function mayOrder(before: Operation, { state, by }: { state: OriginState; by: OrderedBy }): boolean {
  if (by === 'operator') return true;
  if (state === 'draining') return before.state === 'active';
  return before.state === 'draining' && before.by === by;
}
