import { once } from 'node:events';
import { createServer } from 'node:net';

// Below what the system gives to outgoing connections: an origin that is started again must find its port free.
const [from, count] = [10_000, 20_000];
let next = (process.pid * 97) % count;

/** Ports that were free a moment ago, all different. Each process of tests has its own beginning. */
export async function freePorts(wanted: number): Promise<number[]> {
  const found: number[] = [];
  for (let tries = 0; found.length < wanted; tries++) {
    if (tries === count) throw new Error(`Cannot find ${wanted} free ports from ${from} on`);
    const port = from + (next++ % count);
    if (await isFree(port)) found.push(port);
  }
  return found;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false; // taken
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
