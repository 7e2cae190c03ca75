import { once } from 'node:events';
import { createServer } from 'node:net';
import { CommandFailure, usageFailure } from './failure.ts';

export const host = '127.0.0.1';

export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw usageFailure(`--port: wanted a whole number from 0 (any free port) to 65535, found "${text}"`);
}

/** The port, known to be free a moment ago; 0 asks for any. Asked before anything starts, so that the answer can be one sentence. */
export async function freePort(port: number, at = host): Promise<number> {
  const server = createServer();
  try {
    server.listen({ port, host: at, exclusive: true });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  } catch (error) {
    throw portFailure(port, error, at);
  } finally {
    server.close();
  }
}

export function portFailure(port: number, error: unknown, at = host): CommandFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE' || code === 'ERR_ADDRESS_IN_USE') {
    return new CommandFailure(
      `Port ${port} is taken by another program. Stop that one, or choose another port: --port ${port + 1}`,
    );
  }
  if (code === 'EACCES')
    return new CommandFailure(
      `Port ${port} is not allowed for this user. Choose one above 1023: --port 8787`,
    );
  return new CommandFailure(
    `Cannot listen on ${at}:${port}: ${error instanceof Error ? error.message : String(error)}`,
  );
}
