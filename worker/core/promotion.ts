/**
 * Which object answers for a shard once a replica of it was promoted (docs/decisions/008-promotion.md). Ids go on naming the shard; the generation says
 * which of its objects is the shard now.
 */
export interface Promotion {
  /** 0 is the shard's own object. */
  readonly generation: number;
  /** The object's name among the replicas. */
  readonly object: string;
  /** Empty where the law does not matter. */
  readonly jurisdiction: string;
}

/** The shard's own object, before any promotion. */
export const firstObject: Promotion = { generation: 0, object: '', jurisdiction: '' };

/** By the seven characters of the ids. */
export type Promotions = Readonly<Record<string, Promotion>>;

/** What the monitor answers a shard that asks whether it is still the one. */
export type Tenancy =
  | { readonly kind: 'held' }
  /** A promotion is under way, or that of the one who asks is not recorded yet. */
  | { readonly kind: 'closing' }
  | { readonly kind: 'replaced'; readonly by: Promotion };

/** For so long after it was confirmed a shard with replicas answers by itself. */
export const tenureMs = 5_000;
/** After so long nobody can get an answer of a shard that nobody confirms: its tenure, what an edge waits for a shard, and a second for two clocks. */
export const lapsedMs = tenureMs + 3_000;

const epochsPerGeneration = 1_000_000;

/** A claim's epoch is above this one: no epoch that an older generation may have given out is above it. */
export function epochFloor(generation: number): number {
  return generation * epochsPerGeneration;
}

/** The name from which the replicas of this generation have theirs. */
export function lineName(shard: string, generation: number): string {
  return generation === 0 ? shard : `${shard}:g${generation}`;
}

const replaced = 'Replaced: ';
const notPromoted = 'Not promoted: ';

/** Errors cross the RPC as their text. */
export function replacedText(shard: string, by: Promotion): string {
  return replaced + JSON.stringify({ shard, ...by });
}

export function notPromotedText(shard: string): string {
  return notPromoted + shard;
}

export type Redirection =
  | { readonly kind: 'replaced'; readonly shard: string; readonly by: Promotion }
  | { readonly kind: 'not promoted'; readonly shard: string };

/** What an error of a shard says of who is the shard; undefined where it says something else. */
export function redirectionIn(text: string): Redirection | undefined {
  if (text.startsWith(notPromoted)) return { kind: 'not promoted', shard: text.slice(notPromoted.length) };
  if (!text.startsWith(replaced)) return undefined;
  const { shard, generation, object, jurisdiction }: Record<string, unknown> = JSON.parse(
    text.slice(replaced.length),
  );
  const by = { generation: Number(generation), object: String(object), jurisdiction: String(jurisdiction) };
  return { kind: 'replaced', shard: String(shard), by };
}

/** How a copy of a shard stands, for choosing the one to be promoted. */
export interface Copy {
  readonly object: string;
  readonly isWhole: boolean;
  readonly seq: number;
  /** The generation as which it was promoted already; 0 for a replica. */
  readonly generation: number;
}

/** The one that is furthest ahead: the log is one order, so it has all that the others have. One that was promoted already cannot go back. */
export function furthest<Found extends Copy>(copies: readonly Found[]): Found | undefined {
  return copies
    .filter(({ isWhole }) => isWhole)
    .toSorted((left, right) => right.generation - left.generation || right.seq - left.seq)
    .at(0);
}
