import { once } from 'node:events';
import { createServer } from 'node:net';

export interface WantedPort {
  readonly port: number;
  readonly who: string;
  /** What to change to use another one. */
  readonly option: string;
}

/** Asked before anything starts, so that nothing has to be ended again. */
export async function refuseTakenPorts(wanted: readonly WantedPort[]): Promise<void> {
  for (const { port, who, option } of wanted) {
    if (await isFree(port)) continue;
    throw new Error(
      `Port ${port}, which ${who} needs, is taken by another program. Stop that one, or choose another: ${option}`,
    );
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false; // taken, or not allowed: it cannot be used
  } finally {
    server.close();
  }
}
