import type { ProbeResult } from '../../worker/core/health.ts';
import type { OriginId } from '../../worker/core/ids.ts';
import type { Order, OriginState } from '../../worker/core/operation.ts';
import type { ProbedOrigin, ProbingConfig, ProbingPolicy } from '../../worker/core/probing.ts';
import type { MonitorStatus, Ordered } from '../../worker/ports.ts';
import { isOut, Operations } from './operations.ts';
import type { Roster } from './roster.ts';

interface OrderParts {
  readonly storage: DurableObjectStorage;
  readonly roster: Roster;
  /** Probe at this time at the latest. */
  arm(at: number): void;
  /** An operator has taken it out, or lets it in again. */
  turned(origin: OriginId, to: 'out' | 'in', now: number): void;
}

type Said = (Ordered & { kind: 'ordered' })['said'];

/** Follows what is ordered, and sees to what comes with it: a new version, a higher incarnation, a probe. */
export class Orders {
  readonly operations: Operations;
  readonly #parts: OrderParts;

  constructor(parts: OrderParts) {
    this.#parts = parts;
    this.operations = new Operations(parts.storage);
  }

  /** A changed configuration takes with it what was ordered of origins that it does not have any more. */
  adopt(probing: ProbingConfig, now: number): boolean {
    if (!this.#parts.roster.adopt(probing, now)) return false;
    this.operations.keepOnly(new Set(this.#parts.roster.members.map(({ id }) => id)));
    return true;
  }

  /** The configuration comes along with an order: a monitor that nobody has asked yet knows of no origin. */
  take(probing: ProbingConfig, order: Order, now: number): Ordered {
    this.adopt(probing, now);
    return this.give(order, now);
  }

  give(order: Order, now: number): Ordered {
    const { storage, roster } = this.#parts;
    const isKnown = order.kind === 'route-only' || roster.healths.has(order.origin);
    if (!isKnown) return { kind: 'no such origin' };
    const said = storage.transactionSync(() => this.#follow(order, now));
    return { kind: 'ordered', said, version: roster.version };
  }

  /** Another instance is there: what the one before it has asked for itself is not its wish. */
  startAnew(origin: OriginId, now: number): void {
    this.give({ kind: 'state', origin, state: 'active', by: 'origin', deadlineMs: 0 }, now);
  }

  /** What is ordered of origins that nobody remembers. */
  forgetOthers(): void {
    this.#parts.roster.prune(Date.now());
    this.operations.keepOnly(this.#parts.roster.remembered);
  }

  /** A health path that answers 404 asks for a drain, where the operator has agreed to that; a good answer ends it. */
  heed(origin: OriginId, result: ProbeResult, now: number): void {
    const policy = this.#parts.roster.probing?.health;
    const state = policy && wishOf(policy, result);
    if (policy === undefined || state === undefined) return;
    this.give({ kind: 'state', origin, state, by: 'health', deadlineMs: policy.drainOn404Ms ?? 0 }, now);
  }

  /** How each origin is, and what is ordered of it. */
  status(): Omit<MonitorStatus, 'alarmAt' | 'askedAt'> {
    const { version, probing, healths, members } = this.#parts.roster;
    const origins = members.flatMap(({ id, url }) => {
      const health = healths.get(id);
      const leasedUntil = this.#parts.roster.leasedUntil(id);
      const lease = leasedUntil === undefined ? {} : { leasedUntil };
      return health === undefined
        ? []
        : [{ ...health, id, url, operation: this.operations.of(id), ...lease }];
    });
    return { version, revision: probing?.revision, routeOnly: this.operations.routeOnly, origins };
  }

  /** Who is disabled is not asked. */
  get probed(): readonly ProbedOrigin[] {
    return this.#parts.roster.members.filter(({ id }) => this.operations.of(id).state !== 'disabled');
  }

  #follow(order: Order, now: number): Said {
    const { operations } = this;
    if (order.kind === 'route-only') return this.#told(operations.orderRouteOnly(order.to));
    const before = operations.of(order.origin).state;
    const said = this.#told(operations.orderOrigin(order, now));
    if (said !== 'changed') return said;
    const after = operations.of(order.origin).state;
    if (isOut(before) && !isOut(after)) this.#welcome(order.origin);
    if (isOut(before) !== isOut(after)) this.#parts.turned(order.origin, isOut(after) ? 'out' : 'in', now);
    if (before === 'disabled') this.#parts.arm(now);
    return said;
  }

  /** As a return from being down: whoever knows this origin from before asks the map once. */
  #welcome(origin: OriginId): void {
    const { roster } = this.#parts;
    const health = roster.healths.get(origin);
    if (health !== undefined) roster.learn(origin, { ...health, incarnation: health.incarnation + 1 });
  }

  #told<What extends Said>(said: What): What {
    if (said === 'changed') this.#parts.roster.bump();
    return said;
  }
}

/** What a probe's answer asks for, where the operator lets a health path ask: 404 for a drain, a good answer for the end of one. */
function wishOf(
  { drainOn404Ms }: ProbingPolicy,
  { ok, status }: ProbeResult,
): Extract<OriginState, 'draining' | 'active'> | undefined {
  if (drainOn404Ms === undefined) return undefined;
  if (status === 404) return 'draining';
  return ok ? 'active' : undefined;
}
