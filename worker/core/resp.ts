/** Redis' wire format, RESP2: commands out, replies in. Pure: bytes in, bytes out (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export type Reply = string | number | null | ReplyError | readonly Reply[];

/** `-ERR …`: Redis has read the command and refused it. */
export interface ReplyError {
  readonly error: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const [cr, lf] = [13, 10];

/** One command, each word as a bulk string. */
export function encodeCommand(words: readonly string[]): Uint8Array<ArrayBuffer> {
  const parts = words.map((word) => `$${encoder.encode(word).length}\r\n${word}\r\n`);
  return new Uint8Array(encoder.encode(`*${words.length}\r\n${parts.join('')}`));
}

/** What the bytes so far are: a reply and how long it was, `more` where it is not all there, `broken` where no more can mend it. */
export type Decoded =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly length: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'broken'; readonly why: string };

export function decodeReply(bytes: Uint8Array, from = 0, depth = 0): Decoded {
  const end = lineEnd(bytes, from);
  if (end === undefined) return { kind: 'more' };
  const line = decoder.decode(bytes.subarray(from + 1, end));
  const length = end + 2 - from;
  switch (String.fromCharCode(bytes[from] ?? 0)) {
    case '+':
      return { kind: 'reply', reply: line, length };
    case '-':
      return { kind: 'reply', reply: { error: line }, length };
    case ':':
      return countIn(line, Number.MIN_SAFE_INTEGER, (reply) => ({ kind: 'reply', reply, length }));
    case '$':
      return countIn(line, -1, (size) => bulkAt(bytes, from, length, size));
    case '*':
      return countIn(line, -1, (count) => listAt(bytes, { from, length, count, depth }));
    default:
      return { kind: 'broken', why: `a reply that begins with ${JSON.stringify(line.slice(0, 20))}` };
  }
}

function lineEnd(bytes: Uint8Array, from: number): number | undefined {
  const at = bytes.indexOf(cr, from);
  return at < 0 || at + 1 >= bytes.length ? undefined : at;
}

function countIn(line: string, least: number, then: (count: number) => Decoded): Decoded {
  const count = /^-?\d{1,15}$/.test(line) ? Number(line) : Number.NaN;
  if (count >= least) return then(count);
  return { kind: 'broken', why: `a length of ${JSON.stringify(line.slice(0, 20))}` };
}

function bulkAt(bytes: Uint8Array, from: number, head: number, size: number): Decoded {
  if (size < 0) return { kind: 'reply', reply: null, length: head };
  const [start, end] = [from + head, from + head + size];
  if (bytes.length < end + 2) return { kind: 'more' };
  if (bytes[end] !== cr || bytes[end + 1] !== lf) return { kind: 'broken', why: 'a string without its end' };
  return { kind: 'reply', reply: decoder.decode(bytes.subarray(start, end)), length: head + size + 2 };
}

/** What Limpet asks is answered by lists of plain values: anything deeper is no answer to it. */
const depthMax = 4;

function listAt(
  bytes: Uint8Array,
  { from, length, count, depth }: { from: number; length: number; count: number; depth: number },
): Decoded {
  if (count < 0) return { kind: 'reply', reply: null, length };
  if (depth >= depthMax) return { kind: 'broken', why: 'a list that is too deep' };
  const items: Reply[] = [];
  let read = length;
  for (let at = 0; at < count; at++) {
    const item = decodeReply(bytes, from + read, depth + 1);
    if (item.kind !== 'reply') return item;
    items.push(item.reply);
    read += item.length;
  }
  return { kind: 'reply', reply: items, length: read };
}

export function isReplyError(reply: Reply): reply is ReplyError {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}
