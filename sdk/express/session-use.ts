import type { Copy, Sealed, Visit } from '../origin.ts';
import type { Refusal } from '../refusals.ts';
import { createReadings } from './readings.ts';
import type { RecordForm, SessionData } from './record-form.ts';
import { decodeRecords, type Records } from './records.ts';

/** One request's reads and writes of its application's session records. */
export interface SessionUse {
  readonly records: Records;
  /** Set while the application's last word (`res.end`) is being spoken. */
  ending: 'no' | 'yes';
  /** Whether who saves after `seal` is told when the store has it, or at once. */
  waits: 'for the store' | 'for nothing';
  /** Called when a change made after `seal` is not kept, with the code of its refusal. */
  onLateRefused: (code: string) => void;
  get(sid: string): SessionData | undefined;
  /** The sessions that have not expired. To list them is not to read them: a save of one undoes nothing. */
  live(): [sid: string, session: SessionData][];
  set(sid: string, session: SessionData): void;
  touch(sid: string, session: SessionData): void;
  destroy(sid: string): void;
  /** Whether the session differs from what this request last read or wrote. */
  differs(sid: string, session: SessionData): boolean;
  /** As `visit.seal`, with what became of the records. */
  seal(extent: 'whole' | 'begun'): Sealed;
  late(): Promise<Refusal | undefined> | undefined;
}

/** Copies are shared by the requests of a session, and so are their decoded records. */
export type RecordsOfCopies = WeakMap<Copy, { readonly state: Uint8Array; readonly records: Records }>;

/** The use of a visit's copy, or `undefined` when its state was not written by this SDK. */
export function createSessionUse(
  visit: Visit,
  known: RecordsOfCopies,
  { now, form }: { now: () => number; form: RecordForm },
): SessionUse | undefined {
  const { copy } = visit;
  const present = known.get(copy);
  const records = present?.state === copy.state ? present.records : decodeRecords(copy.state, form);
  if (!records) return undefined;
  if (records !== present?.records) known.set(copy, { state: copy.state, records });
  return useRecords(visit, records, known, now);
}

function useRecords(visit: Visit, records: Records, known: RecordsOfCopies, now: () => number): SessionUse {
  const seen = new Map<string, string>();
  let destroyed: 'nothing' | 'some' | 'then-new' = 'nothing';
  let sealed = false;
  const readings = createReadings(records, watchLate);

  function late(): Promise<Refusal | undefined> | undefined {
    const refusal = readings.refusal();
    return refusal ? Promise.resolve(refusal) : visit.late();
  }

  function changed(): void {
    const state = records.encode();
    known.set(visit.copy, { state, records });
    visit.change(state);
  }

  function watchLate(): void {
    if (sealed) void late()?.then((refusal) => refusal && use.onLateRefused(refusal.code));
  }

  function see(sid: string): void {
    const content = records.contentOf(sid);
    if (content !== undefined) seen.set(sid, content);
  }

  const use: SessionUse = {
    records,
    ending: 'no',
    waits: 'for the store',
    onLateRefused: () => undefined,
    get(sid) {
      const session = records.get(sid, now());
      if (session) see(sid);
      return session;
    },
    live() {
      return records.sids().flatMap((sid) => {
        const session = records.get(sid, now());
        return session ? [[sid, session]] : [];
      });
    },
    set(sid, session) {
      const reading = readings.read(sid, session);
      // Saving again what was read (`resave`) changes nothing: it must not undo what another request has written since.
      if (seen.get(sid) === reading.content) return void use.touch(sid, session);
      if (visit.source === 'read-only' && isEmpty(session)) return;
      seen.set(sid, reading.content);
      if (destroyed === 'some' && records.contentOf(sid) === undefined) destroyed = 'then-new';
      if (records.set(sid, reading, now()) === 'changed') changed();
      watchLate();
    },
    touch(sid, session) {
      const effect = records.touch(sid, session, now());
      if (effect === 'changed' && visit.source !== 'read-only') changed();
      watchLate();
    },
    destroy(sid) {
      if (destroyed === 'nothing') destroyed = 'some';
      seen.delete(sid);
      readings.forget(sid);
      if (!records.delete(sid)) return;
      changed();
      if (sealed && records.size === 0) visit.end();
      watchLate();
    },
    differs(sid, session) {
      const content = seen.get(sid);
      return content === undefined ? !isEmpty(session) : content !== readings.contentOf(sid, session);
    },
    seal(extent) {
      sealed = true;
      const refusal = readings.refusal();
      if (refusal) return { kind: 'refused', refusal };
      // A first visitor who logs in at once has an id that no client has seen: it need not be changed.
      if (destroyed === 'then-new' && visit.source !== 'new') visit.rotate();
      else if (destroyed !== 'nothing' && records.size === 0 && visit.copy.version > 0) visit.end();
      return visit.seal(extent);
    },
    late,
  };
  return use;
}

/** A session in which the application has put nothing. */
function isEmpty(session: SessionData): boolean {
  return Object.keys(session).every((key) => key === 'cookie');
}
