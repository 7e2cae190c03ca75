import type { Ended, Verdict } from './fence.ts';
import { noInstance, type SubjectTag } from './ids.ts';
import type { Assumed, Limits, Row, Slot } from './row.ts';
import { isSameStamp, type Stamp } from './stamp.ts';

/**
 * Compare-and-set, for pools whose origins share the store (docs/spec.md, XS). No fence: any origin may write, and whoever has not read the newest
 * state is told so.
 */
export interface Swap {
  /** What the writer has read. Undefined: whatever there is, which only an end may say. */
  readonly expected: Stamp | undefined;
  readonly to: 'state' | 'end';
  /** Names the call: repeated after a lost answer it is the same write, not a second one. */
  readonly nonce: string;
  readonly subject?: SubjectTag | undefined;
  readonly assumed: Assumed;
  readonly limits: Limits;
}

export type Swapped =
  | { readonly kind: 'stored'; readonly stamp: Stamp }
  /** Somebody else has written meanwhile: this is the state to be read. */
  | { readonly kind: 'changed'; readonly stamp: Stamp }
  | Ended;

export function swap(slot: Slot, wish: Swap): Verdict<Swapped> {
  if (slot.kind === 'ended') return { answer: { kind: 'ended' } };
  const stamp = slot.kind === 'row' ? stampOf(slot.row) : nothing;
  if (isRepeat(slot, wish)) return { answer: { kind: 'stored', stamp } };
  if (wish.expected !== undefined && !isSameStamp(stamp, wish.expected))
    return { answer: { kind: 'changed', stamp } };
  return wish.to === 'end' ? endOf(slot, wish) : writeTo(slot, wish);
}

export function stampOf({ epoch, version }: Row): Stamp {
  return { epoch, version };
}

export const nothing: Stamp = { epoch: 0, version: 0 };

function isRepeat(slot: Slot, { to, nonce }: Swap): boolean {
  return to === 'state' && slot.kind === 'row' && slot.row.version > 0 && slot.row.claimedBy === nonce;
}

function endOf(slot: Slot, { limits }: Swap): Verdict<Swapped> {
  const subject = slot.kind === 'row' ? slot.row.subject : undefined;
  const mark = { kind: 'ended', endsAt: limits.endsAt } as const;
  return { answer: { kind: 'ended' }, next: subject === undefined ? mark : { ...mark, subject } };
}

function writeTo(slot: Slot, { nonce, subject, assumed, limits }: Swap): Verdict<Swapped> {
  const before: Row =
    slot.kind === 'row'
      ? slot.row
      : { ...assumed, instance: noInstance, version: 0, claimedBy: '', ...limits };
  const row = {
    ...before,
    version: before.version + 1,
    claimedBy: nonce,
    expiresAt: Math.min(before.endsAt, Math.max(before.expiresAt, limits.expiresAt)),
    ...(subject === undefined ? {} : { subject }),
  };
  return { answer: { kind: 'stored', stamp: stampOf(row) }, next: { kind: 'row', row } };
}
