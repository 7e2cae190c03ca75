import { recordForm, type RecordForm, type SessionData } from './record-form.ts';

/** One session record of the application, as text. */
interface SessionRecord {
  /** As it goes into the state. */
  text: string;
  /** As last touched here: the same content, perhaps a later expiry. */
  live: string;
  /** The text without what a mere touch changes. */
  readonly content: string;
  /** Expiry of `text`; milliseconds since 1970. */
  storedExpiry: number | undefined;
  /** Expiry of `live`. */
  expiry: number | undefined;
}

/** A record's content and expiry, read from what a store is given. */
export interface Reading {
  readonly text: string;
  readonly content: string;
  readonly expiry: number | undefined;
}

/** What a touch or a set came to. `touched` needs no store: the record only lives a little longer here. */
export type Effect = 'changed' | 'touched';

/** The session records of one Limpet session: what its state is made of. */
export interface Records {
  readonly size: number;
  get(sid: string, nowMs: number): SessionData | undefined;
  /** Content apart from the expiry; `undefined` when there is no such record. */
  contentOf(sid: string): string | undefined;
  /** What `set` takes. Throws what the codec throws. */
  read(session: SessionData): Reading;
  set(sid: string, reading: Reading, nowMs: number): Effect;
  touch(sid: string, session: SessionData, nowMs: number): Effect;
  delete(sid: string): boolean;
  sids(): string[];
  /** All of them as a state. */
  encode(): Uint8Array;
}

const TOUCH_MS = 60_000;
/** What a touch changes of a cookie. */
const touched = { expires: undefined, originalMaxAge: undefined, originalExpires: undefined };

/** Milliseconds since 1970, from `cookie.expires` in any of its forms. */
export function expiryOf(session: SessionData): number | undefined {
  const cookie = 'cookie' in session ? session.cookie : undefined;
  const expires =
    typeof cookie === 'object' && cookie !== null && 'expires' in cookie ? cookie.expires : undefined;
  const ms =
    expires instanceof Date
      ? expires.getTime()
      : typeof expires === 'string'
        ? Date.parse(expires)
        : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** The records of a state in this form; `undefined` when it is not one of ours. */
export function decodeRecords(state: Uint8Array, form: RecordForm = recordForm()): Records | undefined {
  const records = new Map<string, SessionRecord>();
  const texts = state.length === 0 ? [] : form.open(state);
  for (const [sid, text] of texts ?? []) {
    const session = form.sessionOf(text);
    if (!session) return undefined;
    const expiry = expiryOf(session);
    records.set(sid, { text, live: text, content: contentOf(session, form), storedExpiry: expiry, expiry });
  }
  return texts && createRecords(records, form);
}

/** express-session counts originalMaxAge down by a millisecond now and then; @fastify/session notes the expiry before this one. */
function contentOf(session: SessionData, form: RecordForm): string {
  const cookie = 'cookie' in session ? session.cookie : undefined;
  const compared = typeof cookie === 'object' ? { ...session, cookie: { ...cookie, ...touched } } : session;
  return form.likeness(compared);
}

/** A session as plain data: what JSON would make of it, so that every codec sees the same. */
function plain(session: SessionData): SessionData {
  const data: SessionData = Object.fromEntries(Object.entries(session));
  const cookie = 'cookie' in data ? data.cookie : undefined;
  return hasJson(cookie) ? { ...data, cookie: cookie.toJSON() } : data;
}

function hasJson(value: unknown): value is { toJSON(): unknown } {
  return (
    typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
  );
}

/** A touch is worth a store call when the stored expiry is this far off: at most a quarter of the age, for short ages half of it. */
function worthStoring(stored: number | undefined, expiry: number | undefined, nowMs: number): boolean {
  if (stored === undefined || expiry === undefined) return stored !== expiry;
  const maxAgeMs = Math.max(expiry - nowMs, 0);
  return Math.abs(expiry - stored) > Math.min(Math.max(TOUCH_MS, maxAgeMs / 4), maxAgeMs / 2);
}

function createRecords(records: Map<string, SessionRecord>, form: RecordForm): Records {
  const isOver = ({ expiry }: SessionRecord, nowMs: number): boolean =>
    expiry !== undefined && expiry <= nowMs;

  /** The record lives on as `live`; its text in the state follows only when that is worth a store call. */
  function extend(record: SessionRecord, live: string, expiry: number | undefined, nowMs: number): Effect {
    record.live = live;
    record.expiry = expiry;
    if (!worthStoring(record.storedExpiry, expiry, nowMs)) return 'touched';
    record.text = live;
    record.storedExpiry = expiry;
    return 'changed';
  }

  return {
    get size() {
      return records.size;
    },
    get(sid, nowMs) {
      const record = records.get(sid);
      if (!record || isOver(record, nowMs)) return undefined;
      return form.sessionOf(record.live);
    },
    contentOf: (sid) => records.get(sid)?.content,
    read(session) {
      const data = plain(session);
      const text = form.textOf(data);
      return { text, content: contentOf(form.asRead(data, text), form), expiry: expiryOf(data) };
    },
    set(sid, { text, content, expiry }, nowMs) {
      const present = records.get(sid);
      if (present?.content === content) return extend(present, text, expiry, nowMs);
      for (const [other, record] of records) if (isOver(record, nowMs)) records.delete(other);
      records.set(sid, { text, live: text, content, storedExpiry: expiry, expiry });
      return 'changed';
    },
    touch(sid, session, nowMs) {
      const record = records.get(sid);
      return record
        ? extend(record, withCookieOf(plain(session), record.live, form), expiryOf(session), nowMs)
        : 'touched';
    },
    delete: (sid) => records.delete(sid),
    sids: () => [...records.keys()],
    encode: () => form.contain([...records].map(([sid, { text }]) => [sid, text])),
  };
}

/** A touch keeps the record's content and takes the session's cookie. */
function withCookieOf(session: SessionData, text: string, form: RecordForm): string {
  return form.textOf({ ...form.sessionOf(text), cookie: 'cookie' in session ? session.cookie : undefined });
}
