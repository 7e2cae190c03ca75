import type { Answer } from './admin.ts';
import { columns, spanOf } from './table.ts';

/** All that is known of one incident. */
export function incidentPage(told: Answer): string {
  const incident = partOf(told, 'incident');
  const { id, origin, kind, detectedBy, how, aborted } = incident;
  const lines: (readonly [string, string])[] = [
    ['incident', `${String(id)}, ${String(kind)} of origin ${String(origin)}`],
    ['state', sinceText(incident, Number(told['now']))],
    ['detected by', `${String(detectedBy)} (${String(how)})${saidText(incident)}`],
    ['first failure', time(incident['firstFailureAt'])],
    ['first success elsewhere', time(incident['firstSuccessAt'])],
    ['end', time(incident['endedAt'])],
    ['T', recoverySum(incident)],
    ['slowest look-up', msText(partOf(incident, 'recovery')['slowestMs'])],
    ['sessions moved', tollText(incident)],
    ['requests rescued', String(incident['rescued'])],
    ['requests failed', String(incident['failed'])],
    ['lost writes', String(incident['lostWrites'])],
  ];
  if (kind === 'drill') lines.push(['requests that stayed', String(incident['stayed'])]);
  if (aborted !== null) lines.push(['aborted', String(aborted)]);
  return columns(lines);
}

/** What the one that detected it has to say, where that is more than how. */
function saidText({ how, said }: Answer): string {
  return String(said).endsWith(`: ${String(how)}`) ? '' : `: ${String(said)}`;
}

/** `open for 12 s`, `over after 40 s`. */
export function sinceText({ firstFailureAt, endedAt }: Answer, now: number): string {
  const from = Number(firstFailureAt);
  return endedAt === null ? `open for ${spanOf(now - from)}` : `over after ${spanOf(Number(endedAt) - from)}`;
}

/** T, or what is missing of it. */
export function recoveryText(incident: Answer): string {
  return msText(partOf(incident, 'recovery')['totalMs']);
}

function recoverySum(incident: Answer): string {
  const { detectionMs, propagationMs, lookUpMs, totalMs } = partOf(incident, 'recovery');
  const parts = `${msText(detectionMs)} detection + ${msText(propagationMs)} propagation + ${msText(lookUpMs)} look-up`;
  return `${msText(totalMs)} = ${parts}`;
}

function tollText({ moved, restored, empty }: Answer): string {
  return `${String(moved)} (${String(restored)} with their data, ${String(empty)} without any)`;
}

function msText(ms: unknown): string {
  return typeof ms === 'number' ? `${Math.round(ms)} ms` : '–';
}

function time(at: unknown): string {
  return typeof at === 'number' ? new Date(at).toISOString() : '–';
}

function partOf(told: Answer, name: string): Answer {
  const part = told[name];
  return typeof part === 'object' && part !== null ? { ...part } : {};
}
