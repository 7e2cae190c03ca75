import { type InstanceId, noInstance, type OriginId, type SubjectTag } from './ids.ts';
import type { Assumed, Limits, Row, Slot } from './row.ts';

/**
 * The six rules by which no stale copy can win (docs/spec.md, FN). Pure: a slot and a wish in, an answer and the next slot out.
 * `raise` names the origin whose incarnation must rise, so that cookies signed before ask the map once.
 */
export interface Verdict<Answer> {
  readonly answer: Answer;
  /** The slot to be written; absent when nothing changes. */
  readonly next?: Slot;
  readonly raise?: OriginId;
}

export type Ended = { readonly kind: 'ended' };
export type Located = { readonly kind: 'row'; readonly row: Row };

export interface Claim {
  readonly by: 'edge' | 'origin';
  readonly expected: number;
  readonly home: OriginId;
  readonly instance: InstanceId;
  readonly nonce: string;
  /** `keep`: a session of which nothing is stored is not moved, since its only copy is in the old home's memory. */
  readonly uncopied: 'keep' | 'move';
  readonly assumed: Assumed;
  readonly limits: Limits;
}
export type Claimed =
  | { readonly kind: 'claimed'; readonly row: Row }
  /** Only its old home has a copy, and `uncopied` said to keep it there. */
  | { readonly kind: 'uncopied'; readonly row: Row }
  /** The epoch is not the one to be replaced: this is where the session lives now. */
  | Located
  | Ended;

/** `floor`: of a promoted shard, above which no older generation has given out an epoch. */
export function claim(slot: Slot, wish: Claim, floor = 0): Verdict<Claimed> {
  if (slot.kind === 'ended') return { answer: { kind: 'ended' } };
  const row = rowOf(slot, wish);
  if (isRepeat(row, wish, floor)) return { answer: { kind: 'claimed', row } };
  if (row.epoch !== wish.expected) return { answer: { kind: 'row', row } };
  if (wish.by === 'origin' && row.home !== wish.home) return { answer: { kind: 'row', row } };
  if (row.home !== wish.home && row.version === 0 && wish.uncopied === 'keep')
    return { answer: { kind: 'uncopied', row } };
  const next = {
    ...row,
    home: wish.home,
    instance: wish.instance,
    epoch: after(row.epoch, floor),
    claimedBy: wish.nonce,
    ...later(row, wish.limits),
  };
  return { answer: { kind: 'claimed', row: next }, next: { kind: 'row', row: next }, ...raisedBy(row, wish) };
}

function after(epoch: number, floor: number): number {
  return Math.max(epoch, floor) + 1;
}

/** An epoch above the row's own is one that a lost log has given out: whoever holds it must let go, and the row steps over it. */
export function overtaken(slot: Slot, named: number, floor: number): Slot | undefined {
  if (slot.kind !== 'row' || named <= slot.row.epoch || named > floor) return undefined;
  return { kind: 'row', row: { ...slot.row, epoch: floor, instance: noInstance, claimedBy: '' } };
}

function isRepeat(row: Row, wish: Claim, floor: number): boolean {
  return row.epoch === after(wish.expected, floor) && row.claimedBy === wish.nonce && row.home === wish.home;
}

function raisedBy(row: Row, wish: Claim): { raise?: OriginId } {
  return row.home !== wish.home || row.instance !== wish.instance ? { raise: row.home } : {};
}

export interface Put {
  readonly home: OriginId;
  readonly instance: InstanceId;
  readonly epoch: number;
  readonly version: number;
  /** Whose session it is, where the origin has said so with this change. */
  readonly subject?: SubjectTag | undefined;
  readonly assumed: Assumed;
  readonly limits: Limits;
}
export type PutSaid = { readonly kind: 'stored' | 'superseded' | 'fenced'; readonly row: Row } | Ended;

export function put(slot: Slot, wish: Put): Verdict<PutSaid> {
  if (slot.kind === 'ended') return { answer: { kind: 'ended' } };
  const row = rowOf(slot, wish);
  if (row.epoch !== wish.epoch || row.home !== wish.home) return { answer: { kind: 'fenced', row } };
  if (row.instance !== noInstance && row.instance !== wish.instance)
    return { answer: { kind: 'fenced', row } };
  if (wish.version <= row.version)
    return row.instance === noInstance
      ? { answer: { kind: 'fenced', row } }
      : relabelled('superseded', row, wish);
  const next = {
    ...labelled(row, wish),
    instance: wish.instance,
    version: wish.version,
    ...later(row, wish.limits),
  };
  return { answer: { kind: 'stored', row: next }, next: { kind: 'row', row: next } };
}

export type Label = Omit<Put, 'version' | 'subject'> & { readonly subject: SubjectTag };

/** Whose session it is, without a change of its state: passes the fence of a put, and leaves all else as it is. */
export function label(slot: Slot, wish: Label): Verdict<PutSaid> {
  if (slot.kind === 'ended') return { answer: { kind: 'ended' } };
  const row = rowOf(slot, wish);
  const isItsOwn =
    row.epoch === wish.epoch &&
    row.home === wish.home &&
    (row.instance === noInstance || row.instance === wish.instance);
  return isItsOwn ? relabelled('stored', row, wish) : { answer: { kind: 'fenced', row } };
}

/** Nothing is written for a subject that the row has already. */
function relabelled(
  kind: 'stored' | 'superseded',
  row: Row,
  wish: { subject?: SubjectTag | undefined },
): Verdict<PutSaid> {
  if (wish.subject === undefined || wish.subject === row.subject) return { answer: { kind, row } };
  const next = labelled(row, wish);
  return { answer: { kind, row: next }, next: { kind: 'row', row: next } };
}

function labelled(row: Row, { subject }: { subject?: SubjectTag | undefined }): Row {
  return subject === undefined ? row : { ...row, subject };
}

/** Renewal: confirms home and epoch, extends the expiry, and writes the row of a session that has none yet. */
export function renew(slot: Slot, wish: { assumed: Assumed; limits: Limits }): Verdict<Located | Ended> {
  if (slot.kind === 'ended') return { answer: { kind: 'ended' } };
  const row = rowOf(slot, wish);
  const next = { ...row, ...later(row, wish.limits) };
  return { answer: { kind: 'row', row: next }, next: { kind: 'row', row: next } };
}

/** An end ignores epochs: whoever holds the session may end it, and nothing brings it back. */
export function end(
  slot: Slot,
  wish: { home: OriginId; instance: InstanceId; endsAt: number },
): Verdict<Ended> {
  if (slot.kind === 'ended') return { answer: { kind: 'ended' } };
  if (slot.kind === 'none')
    return { answer: { kind: 'ended' }, next: { kind: 'ended', endsAt: wish.endsAt } };
  const next = markOf(slot.row, wish.endsAt);
  const own = slot.row.home === wish.home && slot.row.instance === wish.instance;
  return { answer: { kind: 'ended' }, next, ...(own ? {} : { raise: slot.row.home }) };
}

export type Rotated =
  | { readonly kind: 'rotated'; readonly row: Row }
  | { readonly kind: 'fenced'; readonly row: Row }
  | Ended;

/** Login: the state goes on under a new id, whose row this answers with; the old id is ended. */
export function rotate(slot: Slot, wish: Put): Verdict<Rotated> {
  const { answer } = put(slot, wish);
  if (answer.kind === 'ended') return { answer };
  // Overtaken by a newer version: its own state would undo that one under the new id.
  const isOvertaken = wish.version < answer.row.version;
  if (answer.kind === 'fenced' || isOvertaken) return { answer: { kind: 'fenced', row: answer.row } };
  const row = { ...labelled(answer.row, wish), epoch: 1, claimedBy: '' };
  return {
    answer: { kind: 'rotated', row },
    next: slot.kind === 'row' ? markOf(slot.row, row.endsAt) : { kind: 'ended', endsAt: row.endsAt },
  };
}

function markOf({ subject }: Row, endsAt: number): Slot {
  return subject === undefined ? { kind: 'ended', endsAt } : { kind: 'ended', endsAt, subject };
}

/** No row is a row: the home and epoch that the signed cookie or capability names, no instance, nothing stored. */
function rowOf(slot: Slot, wish: { assumed: Assumed; limits: Limits }): Row {
  if (slot.kind === 'row') return slot.row;
  return { ...wish.assumed, instance: noInstance, version: 0, claimedBy: '', ...wish.limits };
}

function later(row: Row, limits: Limits): Limits {
  return { endsAt: row.endsAt, expiresAt: Math.min(row.endsAt, Math.max(row.expiresAt, limits.expiresAt)) };
}
