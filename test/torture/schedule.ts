import type { Chance } from '../simulation/chance.ts';

/** What happens to one origin. Its old process is gone before a new one starts: no two of them at one address. */
export interface Fault {
  readonly atMs: number;
  readonly origin: string;
  readonly kind: FaultKind;
  /** How long the origin is away. A start takes its own time besides. */
  readonly forMs: number;
}

export type FaultKind = keyof typeof kinds;

/** Lengths in ms. The monitor probes every two seconds; a request begins to doubt its home after 300 ms. */
const kinds = {
  /** SIGSTOP, SIGCONT: too short for anybody to notice. */
  blink: { from: 50, to: 250, weight: 2 },
  /** SIGSTOP, SIGCONT: about as long as a request waits, so that one moves the session and another is still answered. */
  hesitate: { from: 600, to: 1_300, weight: 4 },
  /** SIGSTOP, SIGCONT: its sessions move, and it comes back with its old memory. */
  freeze: { from: 1_500, to: 7_000, weight: 3 },
  /** SIGKILL and a new, empty process within a probe interval. */
  restart: { from: 0, to: 300, weight: 3 },
  /** SIGKILL, and a new, empty process when it has been missed. */
  crash: { from: 2_500, to: 7_000, weight: 3 },
  /** SIGSTOP, then SIGKILL: what was under way in it is never done. */
  'freeze and crash': { from: 500, to: 4_000, weight: 1 },
} as const;

/** Between the end of a fault and the next: short enough that a session is moved again before its last home is trusted again. */
const pauseMs = { from: 100, to: 2_500 };

/** Faults for so long, one after the other: somebody can always serve. All of it comes from the seed. */
export function planFaults(chance: Chance, origins: readonly string[], seconds: number): Fault[] {
  const names = Object.entries(kinds).flatMap(([kind, { weight }]) =>
    Array.from({ length: weight }, () => kind as FaultKind),
  );
  const faults: Fault[] = [];
  for (let atMs = 500; atMs < seconds * 1000; ) {
    const kind = chance.pick(names);
    const { from, to } = kinds[kind];
    const fault = { atMs, origin: chance.pick(origins), kind, forMs: chance.between(from, to) };
    atMs += fault.forMs + chance.between(pauseMs.from, pauseMs.to);
    faults.push(fault);
  }
  return faults;
}

export function faultLine({ atMs, origin, kind, forMs }: Fault): string {
  return `${(atMs / 1000).toFixed(2).padStart(8)} s  ${origin}  ${kind} ${(forMs / 1000).toFixed(2)} s`;
}
