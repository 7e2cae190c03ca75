import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeReply, encodeCommand, isReplyError, type Reply } from '../../../worker/core/resp.ts';

const bytesOf = (text: string) => new Uint8Array(new TextEncoder().encode(text));
const decode = (text: string) => decodeReply(bytesOf(text));

/** As a server writes it. */
function written(reply: Reply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `$${bytesOf(reply).length}\r\n${reply}\r\n`;
  if (isReplyError(reply)) return `-${reply.error}\r\n`;
  return `*${reply.length}\r\n${reply.map(written).join('')}`;
}

const { reply: anyReply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.constant(null),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}));

describe('Redis’ wire format', () => {
  it('[RD30] a command is a list of strings, counted in bytes', () => {
    expect(new TextDecoder().decode(encodeCommand(['SET', 'clé', 'a\r\nb']))).toBe(
      '*3\r\n$3\r\nSET\r\n$4\r\nclé\r\n$4\r\na\r\nb\r\n',
    );
  });

  it('[RD31] every reply is read as it was written, with its length', () => {
    fc.assert(
      fc.property(anyReply, fc.string(), (reply, behind) => {
        const text = written(reply);
        expect(decode(text + behind)).toEqual({ kind: 'reply', reply, length: bytesOf(text).length });
      }),
    );
  });

  it('[RD31] from wherever it begins', () => {
    expect(decodeReply(bytesOf('+OK\r\n:7\r\n'), 5)).toEqual({ kind: 'reply', reply: 7, length: 4 });
  });

  it('[RD32] of a reply that is not all there, nothing is read', () => {
    fc.assert(
      fc.property(anyReply, fc.nat(), (reply, at) => {
        const whole = bytesOf(written(reply));
        expect(decodeReply(whole.subarray(0, at % whole.length))).toEqual({ kind: 'more' });
      }),
    );
  });

  it.each([
    ['+OK\r\n', 'OK'],
    ['-NOAUTH Authentication required.\r\n', { error: 'NOAUTH Authentication required.' }],
    ['*-1\r\n', null],
    ['*0\r\n', []],
  ])('[RD31] %j is %j', (text, reply) => {
    expect(decode(text)).toMatchObject({ kind: 'reply', reply });
  });

  it.each([
    'HTTP/1.1 400 Bad Request\r\n',
    '$x\r\n',
    '$-2\r\n',
    ':1.5\r\n',
    '$2\r\nabcd',
    `${'*1\r\n'.repeat(9)}:1\r\n`,
  ])('[RD33] %j is broken, and no more bytes can mend it', (text) => {
    expect(decode(text)).toMatchObject({ kind: 'broken' });
  });
});
