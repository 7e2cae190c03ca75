import type { OriginId } from './ids.ts';

/** What an origin's failure looked like. `down`: somebody had said so before; `drill`: it had not failed at all. */
export type Symptom =
  | 'refused'
  | 'silent'
  | 'reset'
  | 'status'
  | 'timeout'
  | 'protocol'
  | 'ejected'
  | 'down'
  | 'operator'
  | 'drill';

/** What a request saw, in words. */
export function saidOf(how: Symptom): string {
  return how === 'operator' ? 'sessions moved by order' : `a request found it: ${how}`;
}

/** What happened to requests and sessions of an origin while it failed. */
export interface Toll {
  /** Sessions claimed away, and of those: with their stored state, and without any. */
  readonly moved: number;
  readonly restored: number;
  readonly empty: number;
  /** Requests that met the failure and were answered by another origin, and those that were refused. */
  readonly rescued: number;
  readonly failed: number;
  /** Of a drill: requests that stayed at home, since nothing of their session is stored or nobody could take it. */
  readonly stayed: number;
  /** Writes of its sessions that were answered and are not kept. */
  readonly lostWrites: number;
}

export const noToll: Toll = {
  moved: 0,
  restored: 0,
  empty: 0,
  rescued: 0,
  failed: 0,
  stayed: 0,
  lostWrites: 0,
};

export function added(one: Toll, other: Toll): Toll {
  return {
    moved: one.moved + other.moved,
    restored: one.restored + other.restored,
    empty: one.empty + other.empty,
    rescued: one.rescued + other.rescued,
    failed: one.failed + other.failed,
    stayed: one.stayed + other.stayed,
    lostWrites: one.lostWrites + other.lostWrites,
  };
}

/** What one isolate has seen of one origin since it last told: the times are of its own clock. */
export interface Tally {
  readonly origin: OriginId;
  /** The drill that it belongs to: its incident's number. Undefined where the origin failed. */
  readonly drill: number | undefined;
  readonly failure: SeenFailure | undefined;
  /** When this isolate heard from others that the origin is out. */
  readonly heardAt: number | undefined;
  readonly success: SeenSuccess | undefined;
  readonly toll: Toll;
}

export interface SeenFailure {
  readonly how: Symptom;
  /** When the first request arrived that failed there, when it was known that the origin is to blame, and when the last one failed. */
  readonly firstAt: number;
  readonly knownAt: number;
  readonly lastAt: number;
  /** Whether a probe of doubt failed too. */
  readonly isSuspect: boolean;
}

export interface SeenSuccess {
  readonly firstAt: number;
  /** From "home is lost" to another origin's answer: of that first success, and the longest. */
  readonly lookUpMs: number;
  readonly slowestMs: number;
}

/** Whether what an isolate saw is worth a record of its own: one refused request that nobody was suspected for is not. */
export function begins({ failure, toll }: Tally): boolean {
  return toll.moved > 0 || failure?.isSuspect === true;
}

/** Two accounts of the same origin by the same isolate. */
export function together(one: Tally, other: Tally): Tally {
  return {
    ...one,
    heardAt: one.heardAt ?? other.heardAt,
    failure: bothFailures(one.failure, other.failure),
    success: firstOf(one.success, other.success),
    toll: added(one.toll, other.toll),
  };
}

function bothFailures(one: Tally['failure'], other: Tally['failure']): Tally['failure'] {
  if (one === undefined || other === undefined) return one ?? other;
  const { how, knownAt } = one.knownAt <= other.knownAt ? one : other;
  return {
    how,
    knownAt,
    firstAt: Math.min(one.firstAt, other.firstAt),
    lastAt: Math.max(one.lastAt, other.lastAt),
    isSuspect: one.isSuspect || other.isSuspect,
  };
}

/** The earlier of two; the slower look-up of both stands beside it. */
export function firstOf(one: Tally['success'], other: Tally['success']): Tally['success'] {
  if (one === undefined || other === undefined) return one ?? other;
  const first = one.firstAt <= other.firstAt ? one : other;
  return { ...first, slowestMs: Math.max(one.slowestMs, other.slowestMs) };
}

/** The same account by the clock of who reads it. */
export function shifted(tally: Tally, byMs: number): Tally {
  const { failure, heardAt, success } = tally;
  return {
    ...tally,
    heardAt: heardAt === undefined ? undefined : heardAt + byMs,
    success: success === undefined ? undefined : { ...success, firstAt: success.firstAt + byMs },
    failure:
      failure === undefined
        ? undefined
        : {
            ...failure,
            firstAt: failure.firstAt + byMs,
            knownAt: failure.knownAt + byMs,
            lastAt: failure.lastAt + byMs,
          },
  };
}
