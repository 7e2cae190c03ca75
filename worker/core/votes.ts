import type { ProbeResult } from './health.ts';

/** What one vantage saw of an origin. */
export interface Vote {
  readonly region: string;
  readonly result: ProbeResult;
}

/**
 * What the vantages say together: each region by the majority of its own, the origin by the majority of the regions. A tie is no word at all: then
 * nothing is learned, so that one region with a broken way there can neither take an origin out nor bring it back.
 */
export function verdictOf(votes: readonly Vote[]): ProbeResult | undefined {
  const [first, ...others] = votes;
  if (first === undefined || others.length === 0) return first?.result;
  const ok = majority(regionsOf(votes).map(majorityOf));
  if (ok === undefined) return undefined;
  const agreeing = votes.filter(({ result }) => result.ok === ok);
  return {
    ok,
    said: saidBy(agreeing),
    status: agreeing[0]?.result.status ?? 0,
    at: Math.max(...votes.map(({ result }) => result.at)),
  };
}

function regionsOf(votes: readonly Vote[]): readonly (readonly Vote[])[] {
  return [...Map.groupBy(votes, ({ region }) => region).values()];
}

function majorityOf(votes: readonly Vote[]): boolean | undefined {
  return majority(votes.map(({ result }) => result.ok));
}

/** Voices that say nothing count for neither side. */
function majority(voices: readonly (boolean | undefined)[]): boolean | undefined {
  const good = voices.filter((voice) => voice === true).length;
  const bad = voices.filter((voice) => voice === false).length;
  return good === bad ? undefined : good > bad;
}

/** `weur, enam: status 500`: who saw so, and the first one's words. */
function saidBy(agreeing: readonly Vote[]): string {
  const regions = [...new Set(agreeing.map(({ region }) => region))];
  return `${regions.join(', ')}: ${agreeing[0]?.result.said ?? ''}`;
}
