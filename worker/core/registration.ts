import type { InstanceId, OriginId } from './ids.ts';

/** What an origin asks for that registers itself, or renews its lease. */
export interface Registration {
  readonly id: OriginId;
  readonly url: string;
  readonly weight: number;
  readonly instance: InstanceId;
  /** When it was signed, by the edge's clock: what was signed earlier than the last word of an instance is not its word any more. */
  readonly stamp: number;
  readonly leaseMs: number;
}

/** An origin that is in the pool until its lease ends. */
export interface Lease {
  readonly id: OriginId;
  readonly url: string;
  readonly weight: number;
  readonly instance: InstanceId;
  readonly stamp: number;
  readonly leaseMs: number;
  readonly until: number;
  /** When it takes its first new sessions: every edge has heard of it by then. */
  readonly openAt: number;
  /** Instances whose place this one has taken. */
  readonly replaced: readonly InstanceId[];
}

export type Leased =
  /** `newcomer`: another instance than the one that was known under this id. */
  | { readonly kind: 'leased'; readonly lease: Lease; readonly newcomer: boolean }
  /** An instance whose place another one has taken, or a word that was said before it left. */
  | { readonly kind: 'replaced' }
  /** The url is that of another origin. */
  | { readonly kind: 'url_taken'; readonly by: OriginId }
  /** The configuration has an origin of this id. */
  | { readonly kind: 'configured' }
  | { readonly kind: 'pool_full' };

export interface Enrolled {
  readonly configured: readonly { readonly id: OriginId; readonly url: string }[];
  readonly leases: readonly Lease[];
  readonly max: number;
}

/** An isolate's snapshot is trusted for five seconds: what is announced for longer is known wherever a session of it may come. */
export const openAfterMs = 6_000;
const replacedMax = 8;

export const isLiving = ({ until }: Lease, now: number): boolean => until > now;
export const isOpen = ({ openAt }: Lease, now: number): boolean => openAt <= now;

export function enroll(asked: Registration, { configured, leases, max }: Enrolled, now: number): Leased {
  const { id, url } = asked;
  if (configured.some((origin) => origin.id === id)) return { kind: 'configured' };
  const living = leases.filter((lease) => isLiving(lease, now) && lease.id !== id);
  const twin = [...configured, ...living].find((origin) => origin.url === url);
  if (twin !== undefined) return { kind: 'url_taken', by: twin.id };
  const known = leases.find((lease) => lease.id === id);
  if (known !== undefined && isPast(asked, known)) return { kind: 'replaced' };
  if (living.length >= max) return { kind: 'pool_full' };
  return { kind: 'leased', ...leaseFor(asked, known, now) };
}

function isPast({ instance, stamp }: Registration, known: Lease): boolean {
  return known.replaced.includes(instance) || (known.instance === instance && stamp < known.stamp);
}

function leaseFor(asked: Registration, known: Lease | undefined, now: number) {
  const { id, url, weight, instance, stamp, leaseMs } = asked;
  const lease = { id, url, weight, instance, stamp, leaseMs, until: now + leaseMs };
  const isHere = known !== undefined && isLiving(known, now);
  const openAt = isHere ? known.openAt : now + openAfterMs;
  if (known === undefined) return { lease: { ...lease, openAt, replaced: [] }, newcomer: false };
  const newcomer = known.instance !== instance;
  const replaced = newcomer ? [...known.replaced, known.instance].slice(-replacedMax) : known.replaced;
  return { lease: { ...lease, openAt, replaced }, newcomer: newcomer && isHere };
}

/** What a renewal alone changes. */
export function isRenewal(
  before: Lease | undefined,
  { url, weight, instance, openAt, leaseMs }: Lease,
): boolean {
  if (before === undefined || before.until === 0) return false;
  const same = before.url === url && before.weight === weight && before.instance === instance;
  return same && before.openAt === openAt && before.leaseMs === leaseMs;
}

/** It goes by its own will. What was signed before is not heard any more. */
export function withdrawn(lease: Lease, stamp: number): Lease {
  return { ...lease, until: 0, stamp: Math.max(lease.stamp, stamp + 1) };
}

/** What a registration is signed over (docs/contract.md §7). */
export function registrationMessage(
  method: string,
  { id, instance, stamp }: Pick<Registration, 'id' | 'instance'> & { readonly stamp: number | string },
  body: string,
): string {
  return ['limpet-register-v1', method, id, instance, stamp, body].join('\n');
}
