// Rules across fields: each gets well-formed values and returns what is wrong, paths relative to what it got.
import { type Flaw, flaws } from './problems.ts';

interface Health {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly doubtIntervalMs?: number | undefined;
  readonly method: string;
  readonly body?: string | undefined;
}

export function healthRules({ intervalMs, timeoutMs, doubtIntervalMs = 0, method, body }: Health): Flaw[] {
  const wanted = `at most intervalMs (${intervalMs})`;
  return flaws(
    timeoutMs > intervalMs && { at: ['timeoutMs'], wanted, found: timeoutMs },
    doubtIntervalMs > intervalMs && { at: ['doubtIntervalMs'], wanted, found: doubtIntervalMs },
    method === 'HEAD' &&
      body !== undefined && {
        at: ['body'],
        wanted: 'nothing, as an answer to HEAD has no body',
        found: body,
      },
  );
}

export function passiveRules({
  ejectMs,
  ejectMaxMs,
}: {
  readonly ejectMs: number;
  readonly ejectMaxMs: number;
}): Flaw[] {
  return flaws(
    ejectMaxMs < ejectMs && {
      at: ['ejectMaxMs'],
      wanted: `at least ejectMs (${ejectMs})`,
      found: ejectMaxMs,
    },
  );
}

export function attemptRules({
  headersMs,
  deadlineMs,
}: {
  readonly headersMs: number;
  readonly deadlineMs: number;
}): Flaw[] {
  return flaws(
    deadlineMs < headersMs && {
      at: ['deadlineMs'],
      wanted: `at least headersMs (${headersMs})`,
      found: deadlineMs,
    },
  );
}
