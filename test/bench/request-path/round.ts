import { cpuUs, machineCpuUs } from '../machine.ts';
import type { Session } from './exchange.ts';
import { latency, load } from './load.ts';
import type { Target } from './targets.ts';

export interface Figures {
  /** CPU time of workerd per request, at 32 connections. */
  readonly cpuUs: number;
  /** Answers per second, at 32 connections. */
  readonly throughput: number;
  /** Median time of an answer, at one connection. */
  readonly p50Ms: number;
}

export interface Measured {
  readonly figures: Figures;
  readonly wrong: number;
  /** CPUs that others used meanwhile. */
  readonly foreign: number;
}

export interface Contender {
  readonly target: Target;
  readonly sessions: readonly Session[];
}

/** One turn of one Worker. `own`: the processes of this bench. */
export async function measure(
  { target, sessions }: Contender,
  seconds: number,
  own: readonly number[],
): Promise<Measured> {
  const ownUs = () => own.reduce((sum, pid) => sum + cpuUs(pid), 0);
  const before = { target: cpuUs(target.pid), own: ownUs(), machine: machineCpuUs() };
  const { answers, seconds: took, wrong } = await load(target.url, sessions, seconds);
  const usedUs = cpuUs(target.pid) - before.target;
  const foreignUs = machineCpuUs() - before.machine - (ownUs() - before.own);
  const p50Ms = await latency(target.url, sessions, seconds / 2);
  return {
    figures: { cpuUs: usedUs / answers, throughput: answers / took, p50Ms },
    wrong,
    foreign: Math.max(0, foreignUs) / (took * 1e6),
  };
}
