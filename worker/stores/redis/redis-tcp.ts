import { decodeReply, encodeCommand, isReplyError, type Reply } from '../../core/resp.ts';
import type { RedisAddress } from '../../config/store-secrets.ts';
import type { Timers } from '../../ports.ts';
import type { Ask } from './redis-states.ts';

/** A connection as the platform opens it. */
export interface Socket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
}

export type OpenSocket = (address: Pick<RedisAddress, 'host' | 'port' | 'tls'>) => Promise<Socket>;

const callMs = 900;

/**
 * Redis over TCP. A connection belongs to the request that opened it (a Worker may not use another request's), so each call has its own: opened,
 * asked and closed, with AUTH, SELECT and the command in one flight.
 */
export function createRedisTcp(address: RedisAddress, open: OpenSocket, timers: Timers): Ask {
  const greeting = greetingOf(address);
  return async (command) => {
    const socket = await open(address).catch((error: unknown) => {
      throw unreachable(error);
    });
    const cancel = timers.after(callMs, () => void shut(socket));
    try {
      await send(socket, [...greeting, command]);
      return await receive(socket, greeting.length);
    } catch (error) {
      throw unreachable(error);
    } finally {
      cancel();
      await shut(socket);
    }
  };
}

function greetingOf({ user, password, database }: RedisAddress): readonly (readonly string[])[] {
  const auth = user === '' ? ['AUTH', password] : ['AUTH', user, password];
  return [
    ...(user === '' && password === '' ? [] : [auth]),
    ...(database === 0 ? [] : [['SELECT', String(database)]]),
  ];
}

async function send(socket: Socket, commands: readonly (readonly string[])[]): Promise<void> {
  const writer = socket.writable.getWriter();
  for (const command of commands) await writer.write(encodeCommand(command));
  writer.releaseLock();
}

/** The reply behind those of the greeting: the first one that is an error is what is to be known. */
async function receive(socket: Socket, skipped: number): Promise<Reply> {
  const reader = socket.readable.getReader();
  let [bytes, length, from, replies] = [new Uint8Array(4_096), 0, 0, 0];
  for (;;) {
    const decoded = decodeReply(bytes.subarray(0, length), from);
    if (decoded.kind === 'broken') throw new Error(`Redis sent ${decoded.why}`);
    if (decoded.kind === 'reply') {
      if (replies === skipped || isReplyError(decoded.reply)) return decoded.reply;
      replies += 1;
      from += decoded.length;
      continue;
    }
    const { value, done } = await reader.read();
    if (done) throw new Error('Redis closed the connection before it answered');
    bytes = withRoomFor(value.length, bytes, length);
    bytes.set(value, length);
    length += value.length;
  }
}

/** Twice as large whenever it is too small: a large state arrives in a thousand pieces. */
function withRoomFor(more: number, bytes: Uint8Array<ArrayBuffer>, used: number): Uint8Array<ArrayBuffer> {
  if (used + more <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(used + more, bytes.length * 2));
  larger.set(bytes.subarray(0, used));
  return larger;
}

/** The script knows its last writer, so whatever broke may be asked again. */
function unreachable(error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return Object.assign(new Error(`Redis did not answer: ${why}`), { retryable: true });
}

/** A socket that is gone already says so by failing to close. */
async function shut(socket: Socket): Promise<void> {
  await socket.close().catch((error: unknown) => void error);
}
