import type { ProbeResult } from '../../worker/core/health.ts';
import type { OriginState } from '../../worker/core/operation.ts';
import type { ProbingPolicy } from '../../worker/core/probing.ts';

/** What a probe's answer asks for, where the operator lets a health path ask: 404 for a drain, a good answer for the end of one. */
export function wishOf(
  { drainOn404Ms }: ProbingPolicy,
  { ok, status }: ProbeResult,
): Extract<OriginState, 'draining' | 'active'> | undefined {
  if (drainOn404Ms === undefined) return undefined;
  if (status === 404) return 'draining';
  return ok ? 'active' : undefined;
}
