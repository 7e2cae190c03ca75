import { Buffer } from 'node:buffer';
import { parseJson } from '../json.ts';

/** Not the beginning of any UTF-8 text, so of no JSON either. */
const MARK = [0xf5, 0x4c, 0x52, 0x01] as const;
const HEAD_BYTES = MARK.length + 4;

type Part = readonly [name: string, text: string];

/** The mark, the length of an index as four bytes, the index as JSON `[[name, bytes], …]`, then the parts, one byte for each character. */
export function joinParts(parts: readonly Part[]): Uint8Array {
  const index = Buffer.from(JSON.stringify(parts.map(([name, { length }]) => [name, length])));
  const head = Buffer.from([...MARK, 0, 0, 0, 0]);
  head.writeUInt32BE(index.length, MARK.length);
  return new Uint8Array(
    Buffer.concat([head, index, ...parts.map(([, text]) => Buffer.from(text, 'latin1'))]),
  );
}

/** The parts again; `undefined` for anything but what `joinParts` makes. */
export function splitParts(state: Uint8Array): readonly Part[] | undefined {
  const bytes = Buffer.from(state.buffer, state.byteOffset, state.byteLength);
  if (bytes.length < HEAD_BYTES || MARK.some((byte, at) => bytes[at] !== byte)) return undefined;
  const bodyAt = HEAD_BYTES + bytes.readUInt32BE(MARK.length);
  const index = parseJson(bytes.toString('utf8', HEAD_BYTES, bodyAt));
  if (!Array.isArray(index)) return undefined;
  let at = bodyAt;
  const parts: Part[] = [];
  for (const entry of index) {
    if (!isNamedLength(entry)) return undefined;
    parts.push([entry[0], bytes.toString('latin1', at, at + entry[1])]);
    at += entry[1];
  }
  return at === bytes.length ? parts : undefined;
}

function isNamedLength(entry: unknown): entry is [string, number] {
  if (!Array.isArray(entry) || entry.length !== 2) return false;
  const [name, length]: unknown[] = entry;
  return (
    typeof name === 'string' && typeof length === 'number' && Number.isSafeInteger(length) && length >= 0
  );
}
