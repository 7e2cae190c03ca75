import { parseJson } from '../json.ts';

/** What `express-session` hands to a store: any object with a `cookie`. */
export type SessionData = object;

/** One session record of the application, as JSON text. */
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
  set(sid: string, reading: Reading, nowMs: number): Effect;
  touch(sid: string, session: SessionData, nowMs: number): Effect;
  delete(sid: string): boolean;
  sids(): string[];
  /** JSON `{ v: 1, records: { sid: text } }` as UTF-8. */
  encode(): Uint8Array;
}

const TOUCH_MS = 60_000;
/** What a touch changes of a cookie. */
const touched = { expires: undefined, originalMaxAge: undefined, originalExpires: undefined };

/** Reads a session object without keeping it. Throws what `JSON.stringify` throws. */
export function readSession(session: SessionData): Reading {
  const text = JSON.stringify(session);
  return { text, ...readText(text) };
}

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

function readText(text: string): { content: string; expiry: number | undefined } {
  const session: object = JSON.parse(text);
  const expiry = expiryOf(session);
  if ('cookie' in session && typeof session.cookie === 'object') {
    // express-session counts originalMaxAge down by a millisecond now and then; @fastify/session notes the expiry before this one.
    session.cookie = { ...session.cookie, ...touched };
  }
  return { content: JSON.stringify(session), expiry };
}

/** The records in a state, or `undefined` when it is not one of ours. No bytes are no records. */
export function decodeRecords(state: Uint8Array): Records | undefined {
  if (state.length === 0) return createRecords(new Map());
  const parsed = parseJson(new TextDecoder().decode(state));
  if (!isObject(parsed) || parsed['v'] !== 1 || !isObject(parsed['records'])) return undefined;
  const records = new Map<string, SessionRecord>();
  for (const [sid, text] of Object.entries(parsed['records'])) {
    const session = typeof text === 'string' ? parseJson(text) : undefined;
    if (typeof text !== 'string' || !isObject(session)) return undefined;
    const { content, expiry } = readText(text);
    records.set(sid, { text, live: text, content, storedExpiry: expiry, expiry });
  }
  return createRecords(records);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A touch is worth a store call when the stored expiry is this far off: at most a quarter of the age, for short ages half of it. */
function worthStoring(stored: number | undefined, expiry: number | undefined, nowMs: number): boolean {
  if (stored === undefined || expiry === undefined) return stored !== expiry;
  const maxAgeMs = Math.max(expiry - nowMs, 0);
  return Math.abs(expiry - stored) > Math.min(Math.max(TOUCH_MS, maxAgeMs / 4), maxAgeMs / 2);
}

function createRecords(records: Map<string, SessionRecord>): Records {
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
      const session = parseJson(record.live);
      return isObject(session) ? session : undefined;
    },
    contentOf: (sid) => records.get(sid)?.content,
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
        ? extend(record, withCookieOf(session, record.live), expiryOf(session), nowMs)
        : 'touched';
    },
    delete: (sid) => records.delete(sid),
    sids: () => [...records.keys()],
    encode() {
      const texts = Object.fromEntries([...records].map(([sid, { text }]) => [sid, text]));
      return new TextEncoder().encode(JSON.stringify({ v: 1, records: texts }));
    },
  };
}

/** A touch keeps the record's content and takes the session's cookie. */
function withCookieOf(session: SessionData, text: string): string {
  const record: object = JSON.parse(text);
  return JSON.stringify({ ...record, cookie: 'cookie' in session ? session.cookie : undefined });
}
