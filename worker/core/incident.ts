import type { OriginId } from './ids.ts';
import {
  added,
  firstOf,
  noToll,
  saidOf,
  type SeenFailure,
  type SeenSuccess,
  type Symptom,
  type Tally,
  type Toll,
} from './tally.ts';

/** Who knew first. */
export type Detector = 'probe' | 'request' | 'operator' | 'drill';

export interface Incident {
  readonly number: number;
  readonly kind: 'failure' | 'drill';
  readonly origin: OriginId;
  readonly detectedBy: Detector;
  readonly how: Symptom;
  /** In the words of who detected it. */
  readonly said: string;
  readonly firstFailureAt: number;
  readonly detectedAt: number;
  readonly lastFailureAt: number;
  /** When it was known that the origin fails as it does now: as it was detected, or as the incident went on. */
  readonly knownAt: number;
  /** When the last of the edges that had visitors heard of that from the others; null while none has told. */
  readonly heardAt: number | null;
  /** How long news took before the incident went on. */
  readonly newsMs: number | null;
  readonly success: SeenSuccess | null;
  readonly toll: Toll;
  readonly endedAt: number | null;
  /** Why a drill ended before its time. */
  readonly aborted: string | null;
}

export const incidentsMax = 1_000;
export const incidentsForMs = 30 * 86_400_000;
/** A failure so soon after an incident's end is the same incident: an origin that flaps has one. What edges tell may be ten seconds late. */
export const sameWithinMs = 20_000;

export interface Beginning {
  readonly kind: Incident['kind'];
  readonly origin: OriginId;
  readonly detectedBy: Detector;
  readonly how: Symptom;
  readonly said: string;
  readonly firstFailureAt: number;
  readonly detectedAt: number;
}

export function incidentOf(number: number, beginning: Beginning): Incident {
  return {
    ...beginning,
    number,
    lastFailureAt: beginning.detectedAt,
    knownAt: beginning.detectedAt,
    heardAt: null,
    newsMs: null,
    success: null,
    toll: noToll,
    endedAt: null,
    aborted: null,
  };
}

/** Whether a tally can still belong to this incident. */
export function isSame({ endedAt }: Incident, at: number): boolean {
  return endedAt === null || at - endedAt <= sameWithinMs;
}

/** The incident with what one more isolate has seen. Who knew earliest is who detected it. */
export function withTally(incident: Incident, tally: Tally): Incident {
  const seen = withFailure(incident, tally.failure);
  return {
    ...seen,
    heardAt: latestNews(seen, tally.heardAt),
    success: firstOf(incident.success ?? undefined, tally.success) ?? null,
    toll: added(incident.toll, tally.toll),
  };
}

/** It was thought to be over. What the news of it takes is measured anew. */
export function goneOn(incident: Incident, knownAt: number): Incident {
  return { ...incident, endedAt: null, knownAt, heardAt: null, newsMs: slowestNewsOf(incident) };
}

/** What was heard before the failure was known is of an earlier one. */
function latestNews({ heardAt, knownAt }: Incident, at: number | undefined): number | null {
  return at === undefined || at < knownAt ? heardAt : Math.max(heardAt ?? 0, at);
}

function withFailure(incident: Incident, failure: SeenFailure | undefined): Incident {
  if (failure === undefined || incident.kind === 'drill') return incident;
  const { endedAt, detectedAt, knownAt } = incident;
  const seen = {
    ...incident,
    firstFailureAt: Math.min(incident.firstFailureAt, failure.firstAt),
    lastFailureAt: Math.max(incident.lastFailureAt, failure.lastAt),
  };
  if (endedAt !== null && failure.lastAt > endedAt) return goneOn(seen, Math.max(failure.knownAt, endedAt));
  if (failure.knownAt >= detectedAt) return seen;
  const detected = { detectedBy: 'request', detectedAt: failure.knownAt } as const;
  const { how } = failure;
  return {
    ...seen,
    ...detected,
    how,
    said: saidOf(how),
    knownAt: knownAt === detectedAt ? failure.knownAt : knownAt,
  };
}

/** T = detection + propagation + look-up; null where nothing was seen. */
export interface Recovery {
  readonly detectionMs: number;
  readonly propagationMs: number | null;
  readonly lookUpMs: number | null;
  readonly totalMs: number | null;
}

export function recoveryOf(incident: Incident): Recovery {
  const { firstFailureAt, detectedAt, success } = incident;
  const detectionMs = Math.max(0, detectedAt - firstFailureAt);
  const propagationMs = slowestNewsOf(incident);
  const lookUpMs = success?.lookUpMs ?? null;
  const totalMs = lookUpMs === null ? null : detectionMs + (propagationMs ?? 0) + lookUpMs;
  return { detectionMs, propagationMs, lookUpMs, totalMs };
}

function slowestNewsOf({ heardAt, knownAt, newsMs }: Incident): number | null {
  return heardAt === null ? newsMs : Math.max(newsMs ?? 0, heardAt - knownAt);
}

/** The symptom that a failed probe's own words name. */
export function symptomOf(said: string): Symptom {
  if (said.startsWith('status')) return 'status';
  return /time|abort/i.test(said) ? 'silent' : 'refused';
}
