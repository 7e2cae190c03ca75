import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/** Reads an answer to its end and keeps nothing of it. */
export async function download(
  url: string,
  cookie: string,
): Promise<{ status: number; bytes: number; complete: boolean }> {
  const response = await responseTo(url, cookie);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return { status: response.statusCode ?? 0, bytes, complete: response.complete };
}

/** Sends a body of this size as it is read, and says what it was. */
export async function upload(
  url: string,
  cookie: string,
  megabytes: number,
): Promise<{ answer: string; sha256: string }> {
  const hash = createHash('sha256');
  const asked = request(url, { method: 'POST', headers: { cookie, 'content-length': megabytes << 20 } });
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
  for (let sent = 0; sent < megabytes; sent += 1) {
    const chunk = Buffer.alloc(1 << 20, sent);
    hash.update(chunk);
    if (!asked.write(chunk)) await once(asked, 'drain');
  }
  asked.end();
  const [response] = await answered;
  let answer = '';
  for await (const chunk of response) answer += String(chunk);
  return { answer, sha256: hash.digest('hex') };
}

/** An answer that goes on: what has come so far, and a way to leave. */
export interface Ongoing {
  readonly status: number;
  text(): string;
  /** `reset`: the connection is gone. `close`: half of it, for all that the other side can tell until it writes. */
  leave(how: 'reset' | 'close'): void;
}

export async function open(url: string, cookie: string): Promise<Ongoing> {
  const response = await responseTo(url, cookie);
  let text = '';
  response.on('error', () => undefined);
  response.on('data', (chunk) => (text += String(chunk)));
  return {
    status: response.statusCode ?? 0,
    text: () => text,
    leave: (how) => void (how === 'reset' ? response.socket.resetAndDestroy() : response.destroy()),
  };
}

/** Asks and leaves before there is an answer, once `when` has come true. */
export async function leaveEarly(url: string, cookie: string, when: () => Promise<unknown>): Promise<void> {
  const asked = request(url, { headers: { cookie } });
  asked.on('error', () => undefined);
  asked.end();
  await when();
  asked.socket?.resetAndDestroy();
}

async function responseTo(url: string, cookie: string): Promise<IncomingMessage> {
  const asked = request(url, { headers: { cookie } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}
