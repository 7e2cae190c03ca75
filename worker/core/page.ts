import { mix32 } from './hash.ts';
import { instanceId, originId, type SessionId, subjectTag } from './ids.ts';
import type { Slot } from './row.ts';
import { parseSessionId, randomBitsOf } from './session-id.ts';

/**
 * How a shard packs what it holds: rows are billed by number and not by size, so many entries share one.
 * A page is a version byte, then per entry [u32 header length][JSON header][u32 state length][state bytes].
 */
export interface Entry {
  readonly session: SessionId;
  readonly slot: HeldSlot;
  readonly state: StoredState;
}

export type HeldSlot = Exclude<Slot, { kind: 'none' }>;

/** Where an entry's state is: here, in chunks of its own, or nowhere. */
export type StoredState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'inline';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly seal: string;
      readonly epoch: number;
    }
  | { readonly kind: 'chunked'; readonly id: string; readonly seal: string; readonly epoch: number };

export const noState: StoredState = { kind: 'none' };

export const buckets = 256;

/** The page that a session belongs to. Mixed first, since ids of one shard may share some of their bits. */
export function bucketOf(session: SessionId): number {
  return mix32(randomBitsOf(session)) & (buckets - 1);
}

/** Where the KV mirror keeps the copy of a page. */
export function mirrorKey(pool: string, shard: string, bucket: number): string {
  return `sessions:${pool}:${shard}:${bucket}`;
}

export class CorruptPage extends Error {
  constructor(at: number, wanted: string, found: string) {
    super(`Cannot read the page at byte ${at}: wanted ${wanted}, found ${found}`);
    this.name = 'CorruptPage';
  }
}

const format = 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const nothing = new Uint8Array(0);

export function encodePage(entries: Iterable<Entry>): Uint8Array<ArrayBuffer> {
  return join(Array.from(entries, encodeEntry));
}

/** As many pages as it takes to keep each under `bytesMax`. A single larger entry gets a page of its own. */
export function encodePages(entries: Iterable<Entry>, bytesMax: number): Uint8Array<ArrayBuffer>[] {
  const pages: Block[][] = [];
  let room = 0;
  for (const block of Array.from(entries, encodeEntry)) {
    if (block.length > room) {
      pages.push([]);
      room = bytesMax - 1;
    }
    pages.at(-1)?.push(block);
    room -= block.length;
  }
  return pages.map(join);
}

/** The states are views into the page: whoever hands one out copies it. */
export function decodePage(body: ArrayBuffer | Uint8Array<ArrayBuffer>): Entry[] {
  const bytes = body instanceof Uint8Array ? body : new Uint8Array(body);
  if (bytes[0] !== format)
    throw new CorruptPage(0, `format ${format}`, bytes.length === 0 ? 'nothing' : `${bytes[0]}`);
  const entries: Entry[] = [];
  for (let at = 1; at < bytes.length; ) {
    const header = sized(bytes, at, 'a header');
    const state = sized(bytes, header.end, 'a state');
    entries.push(entryOf(parseHeader(header.bytes, at), state.bytes, at));
    at = state.end;
  }
  return entries;
}

interface Block {
  readonly header: Uint8Array;
  readonly state: Uint8Array;
  readonly length: number;
}

function encodeEntry(entry: Entry): Block {
  const header = encoder.encode(JSON.stringify(headerOf(entry)));
  const state = entry.state.kind === 'inline' ? entry.state.bytes : nothing;
  return { header, state, length: 8 + header.length + state.length };
}

function join(blocks: readonly Block[]): Uint8Array<ArrayBuffer> {
  const page = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 1));
  const view = new DataView(page.buffer);
  page[0] = format;
  let at = 1;
  for (const block of blocks) {
    for (const part of [block.header, block.state]) {
      view.setUint32(at, part.length);
      page.set(part, at + 4);
      at += 4 + part.length;
    }
  }
  return page;
}

function sized(bytes: Uint8Array<ArrayBuffer>, at: number, what: string) {
  const from = at + 4;
  if (from > bytes.length) throw new CorruptPage(at, `the length of ${what}`, `${bytes.length - at} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
  const end = from + length;
  if (end > bytes.length)
    throw new CorruptPage(at, `${what} of ${length} bytes`, `${bytes.length - from} bytes`);
  return { bytes: bytes.subarray(from, end), end };
}

type Field = string | number;

/** Plain lists, since the names of the fields would be half of a small entry. */
function headerOf({ session, slot, state }: Entry): Field[] {
  if (slot.kind === 'ended') return [session, slot.endsAt, ...subjectField(slot)];
  const { home, instance, epoch, version, expiresAt, endsAt, claimedBy } = slot.row;
  const row = [
    session,
    home,
    instance,
    epoch,
    version,
    expiresAt,
    endsAt,
    claimedBy,
    ...subjectField(slot.row),
  ];
  if (state.kind === 'none') return row;
  return state.kind === 'inline'
    ? [...row, state.seal, state.epoch]
    : [...row, state.seal, state.epoch, state.id];
}

function subjectField({ subject }: { readonly subject?: string }): Field[] {
  return subject === undefined ? [] : [subject];
}

/** A mark, or a row; each with its subject or without. A row's state follows: nowhere, inline (seal, epoch), or in chunks (seal, epoch, id). */
const shape = /^(?:sns?|s{3}n{4}ss?(?:sns?)?)$/;
const rowFields = 8;

function parseHeader(bytes: Uint8Array, at: number): Field[] {
  const text = textOf(bytes, at);
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    throw new CorruptPage(at, 'a header in JSON', text.slice(0, 80));
  }
  if (!isFields(fields)) throw new CorruptPage(at, 'the fields of an entry', text.slice(0, 80));
  return fields;
}

function textOf(bytes: Uint8Array, at: number): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new CorruptPage(at, 'a header in UTF-8', `${bytes.length} other bytes`);
  }
}

function isFields(value: unknown): value is Field[] {
  if (!Array.isArray(value)) return false;
  const kinds = value.map((field) =>
    typeof field === 'string' ? 's' : Number.isSafeInteger(field) ? 'n' : '?',
  );
  return shape.test(kinds.join(''));
}

function entryOf(fields: readonly Field[], bytes: Uint8Array<ArrayBuffer>, at: number): Entry {
  const text = (index: number) => String(fields[index]);
  const number = (index: number) => Number(fields[index]);
  const session = parseSessionId(text(0));
  if (session === undefined) throw new CorruptPage(at, 'a session id', text(0).slice(0, 80));
  if (fields.length < rowFields) {
    return { session, slot: { kind: 'ended', endsAt: number(1), ...subjectIn(fields[2]) }, state: noState };
  }
  const rest = fields.slice(rowFields);
  // A seal is followed by its epoch: a text that is not is the subject.
  const subject = typeof rest[1] === 'number' ? undefined : rest.shift();
  const row = {
    home: originId(text(1)),
    instance: instanceId(text(2)),
    epoch: number(3),
    version: number(4),
    expiresAt: number(5),
    endsAt: number(6),
    claimedBy: text(7),
    ...subjectIn(subject),
  };
  return { session, slot: { kind: 'row', row }, state: stateOf(rest, bytes) };
}

function subjectIn(field: Field | undefined) {
  return field === undefined ? {} : { subject: subjectTag(String(field)) };
}

function stateOf([seal, epoch, id]: readonly Field[], bytes: Uint8Array<ArrayBuffer>): StoredState {
  if (seal === undefined) return noState;
  const sealed = { seal: String(seal), epoch: Number(epoch) };
  return id === undefined
    ? { kind: 'inline', bytes, ...sealed }
    : { kind: 'chunked', id: String(id), ...sealed };
}
