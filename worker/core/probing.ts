import type { Hysteresis } from './health.ts';
import type { OriginId } from './ids.ts';

/** What an edge tells the pool's monitor with every question: whom to probe, and how. */
export interface ProbingConfig {
  /** When this configuration was deployed. An older one is ignored, so that two deployed versions do not take turns. */
  readonly revision: number;
  readonly origins: readonly ProbedOrigin[];
  readonly health: ProbingPolicy;
}

export interface ProbedOrigin {
  readonly id: OriginId;
  readonly url: string;
  /** The binding through which it is reached; absent where its url is enough. */
  readonly via?: string;
}

export interface ProbingPolicy extends Hysteresis {
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The statuses of a healthy origin; empty stands for 200 to 399. */
  readonly expect: readonly number[];
}

export function isExpected(status: number, expect: readonly number[]): boolean {
  return expect.length === 0 ? status >= 200 && status <= 399 : expect.includes(status);
}

/** An origin's own path is a prefix of the probed one. */
export function probeUrl(origin: string, path: string): string {
  return (origin.endsWith('/') ? origin.slice(0, -1) : origin) + path;
}

/** The interval give or take a tenth, so that the monitors of many pools do not beat together. */
export function jittered(intervalMs: number, chance: number): number {
  return Math.round(intervalMs * (0.9 + 0.2 * chance));
}
