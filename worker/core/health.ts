import type { Standing } from './snapshot.ts';

/** An origin's health as the monitor keeps it: a run of equal probe results, and what the pool is told. */
export interface Health extends Standing {
  /** Results in a row that disagree with `health`. */
  readonly against: number;
  readonly since: number;
  /** What the last probe said: a status, or why there was none. */
  readonly last: string;
}

export interface Hysteresis {
  readonly fall: number;
  readonly rise: number;
}

export interface ProbeResult {
  readonly ok: boolean;
  readonly said: string;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly at: number;
}

export const unprobed = (at: number): Health => ({
  health: 'up',
  incarnation: 0,
  against: 0,
  since: at,
  last: 'not probed yet',
});

/** The health after one more result. An origin that returns from being down has a higher incarnation. */
export function afterProbe(health: Health, result: ProbeResult, { fall, rise }: Hysteresis): Health {
  const told = { ...health, last: result.said };
  if (result.ok === (health.health === 'up')) return { ...told, against: 0 };
  const against = health.against + 1;
  if (against < (result.ok ? rise : fall)) return { ...told, against };
  const flipped = { ...told, against: 0, since: result.at };
  return result.ok
    ? { ...flipped, health: 'up', incarnation: health.incarnation + 1 }
    : { ...flipped, health: 'down' };
}

export function flipped(before: Health, after: Health): boolean {
  return before.health !== after.health;
}

/** The last results disagree with what the origin is taken for, and are not enough yet to say otherwise. */
export function isInDoubt({ against }: Health): boolean {
  return against > 0;
}
