/** What a client saw of one request. */
export interface Answered {
  /** Since the run began. */
  readonly atMs: number;
  readonly tookMs: number;
  /** 0: there was no whole answer. */
  readonly status: number;
  /** `limpet-code`, or what became of the connection. */
  readonly code: string;
  readonly outcome: string;
  readonly home: string;
  /** The session's list, when the answer has it. */
  readonly list: readonly string[] | undefined;
}

/** One request of a session, in the order in which their answers came. */
export type Event =
  | ({ readonly kind: 'append'; readonly item: string; readonly result: Result } & Answered)
  /** `waitedMs`: since this reader first asked, refusals included. */
  | ({ readonly kind: 'read'; readonly waitedMs: number } & Answered)
  /** After the last fault. `live`: from the origins as they are; `stored`: after all of them have lost their memory. */
  | ({ readonly kind: 'last'; readonly of: 'live' | 'stored' } & Answered);

/** `fail`: certainly not kept. `unknown`: perhaps. */
export type Result = 'ok' | 'fail' | 'unknown';

export interface SessionHistory {
  readonly name: string;
  /** One request after the other, or several at once. */
  readonly order: 'sequential' | 'parallel';
  readonly events: readonly Event[];
}

/** Codes that promise that a change is not kept. All others leave it open. */
const certain: ReadonlySet<string> = new Set(['409 session_moved', '409 session_ended']);

export function resultOf({ status, code }: Pick<Answered, 'status' | 'code'>): Result {
  if (status === 200) return 'ok';
  return certain.has(`${status} ${code}`) ? 'fail' : 'unknown';
}

/** One line for a person. Of a list only its length and its end. */
export function eventLine(event: Event): string {
  const { atMs, tookMs, status, code, outcome, home, list } = event;
  const asked = event.kind === 'append' ? `append ${event.item} ${event.result}` : labelOf(event);
  const held = list === undefined ? '' : `${list.length} items … ${list.slice(-3).join(' ')}`;
  const words = [status || 'no answer', code, outcome, home && `at ${home}`, held];
  return `${(atMs / 1000).toFixed(3).padStart(9)} s +${Math.round(tookMs)} ms  ${asked}: ${words.filter(Boolean).join(' ')}`;
}

function labelOf(event: Exclude<Event, { kind: 'append' }>): string {
  return event.kind === 'read' ? 'read' : `last read (${event.of})`;
}
