import { once } from 'node:events';
import { connect } from 'node:net';

/** What came back over a plain socket, byte for byte. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  /** Values of a header, in order; its name in lower case. */
  header(name: string): string[];
}

/** Sends these lines as they are and reads until the server closes. `Connection: close` is added unless the lines have one. */
export async function rawRequest(port: number, lines: readonly string[], body = ''): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const closed = once(socket, 'close');
  const own = lines.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close'];
  socket.write([...lines, ...own, '', body].join('\r\n'));
  await closed;
  return answerOf(Buffer.concat(chunks).toString('latin1'));
}

function answerOf(text: string): RawAnswer {
  const [head = ''] = text.split('\r\n\r\n', 1);
  const [first = '', ...fields] = head.split('\r\n');
  const value = (field: string) => field.slice(field.indexOf(':') + 1).trim();
  return {
    status: Number(first.split(' ')[1] ?? 0),
    text,
    header: (name) => fields.filter((field) => field.toLowerCase().startsWith(`${name}:`)).map(value),
  };
}
