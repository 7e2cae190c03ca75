import type { Chance } from '../simulation/chance.ts';

/** What happens to one origin, or to the edge. Its old process is gone before a new one starts: no two of them at one address. */
export interface Fault {
  readonly atMs: number;
  /** An origin's id, or `edge`. */
  readonly victim: string;
  readonly kind: FaultKind;
  /** How long the origin is away. A start takes its own time besides. */
  readonly forMs: number;
}

export type FaultKind = keyof typeof kinds | 'edge restart';
/** Whom the faults may hit. */
export type Reach = 'origins' | 'origins and edge';

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

/** Between the end of a fault and the next: often too short for what the last one has left to be mended. */
const pauses = [
  { from: 0, to: 300 },
  { from: 300, to: 2_500 },
] as const;

/** Faults for so long, one after the other: an origin can always serve. All of it comes from the seed. */
export function planFaults(
  chance: Chance,
  origins: readonly string[],
  seconds: number,
  reach: Reach = 'origins',
): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 500; atMs < seconds * 1000; ) {
    const hitsEdge = reach === 'origins and edge' && chance.happens(0.2);
    const fault = hitsEdge ? edgeRestart(atMs) : originFault(chance, origins, atMs);
    const pause = chance.pick(pauses);
    atMs += fault.forMs + chance.between(pause.from, pause.to);
    faults.push(fault);
  }
  return faults;
}

function originFault(chance: Chance, origins: readonly string[], atMs: number): Fault {
  const names = Object.entries(kinds).flatMap(([kind, { weight }]) =>
    Array.from({ length: weight }, () => kind as keyof typeof kinds),
  );
  const kind = chance.pick(names);
  const { from, to } = kinds[kind];
  return { atMs, victim: chance.pick(origins), kind, forMs: chance.between(from, to) };
}

/** Everything that the edge remembers and has not stored is gone. How long it is away is its own affair. */
function edgeRestart(atMs: number): Fault {
  return { atMs, victim: 'edge', kind: 'edge restart', forMs: 0 };
}

export function faultLine({ atMs, victim, kind, forMs }: Fault): string {
  const length = kind === 'edge restart' ? '' : ` ${(forMs / 1000).toFixed(2)} s`;
  return `${(atMs / 1000).toFixed(2).padStart(8)} s  ${victim}  ${kind}${length}`;
}
