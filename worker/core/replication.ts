/**
 * How a replica follows its shard's log (docs/decisions/006-replicas.md). Pure: where the replica stands and what the shard
 * still has in, the next step out. Both sides may vanish between any two steps; each step can be done again.
 */
export type Position =
  /** Holds nothing yet. */
  | { readonly kind: 'blank' }
  /** Takes the pages in, from `bucket` on; then the log after `from`. */
  | {
      readonly kind: 'filling';
      readonly stream: string;
      readonly from: number;
      readonly bucket: number;
      readonly settledAt: number;
    }
  /** Has applied the log up to `seq`. Before `settledAt` what it holds is of several moments, and nobody may read it. */
  | {
      readonly kind: 'following';
      readonly stream: string;
      readonly seq: number;
      readonly settledAt: number;
    };

/** What the shard can send: the log's rows after `cut`, up to `last`. Another life of its storage is another stream. */
export interface Feed {
  readonly stream: string;
  readonly cut: number;
  readonly last: number;
}

export type Step =
  | { readonly kind: 'begin'; readonly from: number }
  | { readonly kind: 'fill'; readonly from: number; readonly bucket: number }
  | { readonly kind: 'append'; readonly after: number };

/** What the shard sends a replica that stands there. */
export function nextStep(position: Position, feed: Feed): Step {
  const begin: Step = { kind: 'begin', from: feed.last };
  if (position.kind === 'blank' || position.stream !== feed.stream) return begin;
  if (position.kind === 'filling') {
    const { from, bucket } = position;
    return from < feed.cut || from > feed.last ? begin : { kind: 'fill', from, bucket };
  }
  // Ahead of the shard: its storage was turned back, and the numbers mean something else now.
  if (position.seq < feed.cut || position.seq > feed.last) return begin;
  return { kind: 'append', after: position.seq };
}

/** Rows of the log: those after `after`, up to `upTo`. `last` is the newest that the shard has. */
export interface Stretch {
  readonly stream: string;
  readonly after: number;
  readonly upTo: number;
  readonly last: number;
}

/** In order only: what came before is known already, what follows a hole is a gap, and the shard must resume. */
export function judge(position: Position, stretch: Stretch): 'apply' | 'known' | 'gap' {
  if (position.kind !== 'following' || position.stream !== stretch.stream) return 'gap';
  if (position.seq < stretch.after) return 'gap';
  return stretch.upTo <= position.seq && stretch.upTo > stretch.after ? 'known' : 'apply';
}

/** A state that was gone from the shard when its row was sent has a newer row behind it: until that one the copy is not whole. */
export function applied(
  position: Position & { kind: 'following' },
  { upTo, last }: Stretch,
  rows: 'whole' | 'with holes',
): Position & { kind: 'following' } {
  const settledAt = rows === 'whole' ? position.settledAt : Math.max(position.settledAt, last);
  return { ...position, seq: Math.max(position.seq, upTo), settledAt };
}

/** Pages of the buckets from `bucket` up to `next`, as they were when the log ended at `last`. */
export interface Filling {
  readonly stream: string;
  readonly from: number;
  readonly bucket: number;
  readonly next: number;
  readonly last: number;
}

export function filled(position: Position, filling: Filling, buckets: number): Position | 'gap' {
  if (position.kind !== 'filling' || position.stream !== filling.stream) return 'gap';
  if (position.from !== filling.from || position.bucket !== filling.bucket) return 'gap';
  const { stream, from } = position;
  const settledAt = Math.max(position.settledAt, filling.last);
  if (filling.next < buckets) return { ...position, bucket: filling.next, settledAt };
  return { kind: 'following', stream, seq: from, settledAt };
}

/** Whole as of one moment: may be read, and counts for a quorum. */
export function isSettled(position: Position): position is Extract<Position, { readonly kind: 'following' }> {
  return position.kind === 'following' && position.seq >= position.settledAt;
}

/** What a log may hold for replicas that are away. */
export interface Backlog {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Up to where the log may be deleted: what is in the pages and what every replica has. Beyond the bound the oldest rows go
 * all the same, and a replica that lacks them must be filled anew. `kept` are the log's rows, newest first.
 */
export function cutAt(
  folded: number,
  acknowledged: readonly number[],
  kept: readonly { readonly seq: number; readonly bytes: number }[],
  most: Backlog,
): number {
  let bytes = 0;
  const excess = kept.find((row, index) => {
    bytes += row.bytes;
    return index >= most.rows || bytes > most.bytes;
  });
  const wanted = Math.min(folded, ...acknowledged);
  return Math.min(folded, Math.max(wanted, excess?.seq ?? 0));
}

/** Where a pool's replicas are and what they are asked for. Of two configurations the younger one counts. */
export interface Replication {
  readonly revision: number;
  readonly durability: 'async' | 'primary' | 'quorum';
  readonly places: readonly Place[];
}

export interface Place {
  /** Cloudflare's location hint; empty where it may be anywhere. */
  readonly region: string;
  /** Empty where the law does not matter. */
  readonly jurisdiction: string;
}

export const unreplicated: Replication = { revision: 0, durability: 'primary', places: [] };

/** An object does not move: another region is another replica, which is filled anew. */
export function replicaName(shard: string, { region }: Place, index: number): string {
  return `${shard}:${index + 1}${region === '' ? '' : `-${region}`}`;
}

/** The younger configuration, or the held one. */
export function adopted(held: Replication, told: Replication): Replication {
  return told.revision >= held.revision ? told : held;
}

export function samePlaces(left: Replication, right: Replication): boolean {
  return JSON.stringify(left.places) === JSON.stringify(right.places);
}

/** How far a replica is behind its shard. */
export interface Lag {
  readonly replica: string;
  readonly state: 'following' | 'filling' | 'away';
  readonly seqBehind: number;
  /** Age of the oldest write that it has not acknowledged. */
  readonly msBehind: number;
}
