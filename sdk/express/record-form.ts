import { Buffer } from 'node:buffer';
import { type Codec, jsonCodec } from '../codec.ts';
import { jsonText, parseJson } from '../json.ts';
import { joinParts, splitParts } from './parts.ts';

/** What `express-session` hands to a store: any object with a `cookie`. */
export type SessionData = object;

/** How records are written: each as a text, all of them as one state. */
export interface RecordForm {
  /** Throws what the codec throws. */
  textOf(session: SessionData): string;
  /** A fresh object each time; `undefined` when the text is no session. */
  sessionOf(text: string): SessionData | undefined;
  /** The session as it will be read from its text. */
  asRead(session: SessionData, text: string): SessionData;
  /** What two sessions are compared by. */
  likeness(session: SessionData): string;
  /** All records as the bytes of a state. */
  contain(texts: readonly (readonly [sid: string, text: string])[]): Uint8Array;
  /** `undefined` when the state was not written in this form. */
  open(state: Uint8Array): readonly (readonly [sid: string, text: string])[] | undefined;
}

/** JSON `{ v: 1, records: { sid: text } }`, each text JSON of its own. */
const jsonForm: RecordForm = {
  textOf: jsonText,
  sessionOf: (text) => asObject(parseJson(text)),
  // JSON of JSON is the same JSON: nothing is parsed for it.
  asRead: (session) => session,
  likeness: (session) => JSON.stringify(session),
  contain: (texts) => new TextEncoder().encode(JSON.stringify({ v: 1, records: Object.fromEntries(texts) })),
  open(state) {
    const found = asObject(parseJson(new TextDecoder().decode(state)));
    if (!found || !('v' in found) || found.v !== 1 || !('records' in found)) return undefined;
    const records = asObject(found.records);
    if (!records) return undefined;
    const texts = Object.entries(records).map(([sid, text]): [string, unknown] => [sid, text]);
    return texts.every(isText) ? texts : undefined;
  },
};

/** What a codec makes of a record is bytes: its text here is those bytes, one character each. */
function codecForm(codec: Codec): RecordForm {
  function sessionOf(text: string): SessionData | undefined {
    try {
      return asObject(codec.decode(new Uint8Array(Buffer.from(text, 'latin1'))));
    } catch {
      return undefined;
    }
  }
  const textOf = (session: SessionData): string => Buffer.from(codec.encode(session)).toString('latin1');
  return {
    textOf,
    sessionOf,
    likeness: textOf,
    asRead(_session, text) {
      const read = sessionOf(text);
      if (read) return read;
      throw new TypeError('Cannot keep the session as its codec must decode what it has encoded: it did not');
    },
    contain: joinParts,
    open: splitParts,
  };
}

/** The form of a codec. */
export function recordForm(codec: Codec = jsonCodec): RecordForm {
  return codec === jsonCodec ? jsonForm : codecForm(codec);
}

function isText(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string';
}

function asObject(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
