import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import type { HealthInput } from '../../../worker/config/input.ts';
import { type Dev, startDev } from './dev.ts';
import { secrets } from './secrets.ts';
import { until } from './until.ts';

interface Told {
  readonly id: string;
  readonly health: 'up' | 'down';
  readonly lastProbe: string;
}

let dev: Dev | undefined;
const ends: (() => void)[] = [];
afterEach(async () => {
  await dev?.end();
  for (const end of ends.splice(0)) end();
});

/** Something else that ends with the test. */
export const endWithTest = (end: () => void) => void ends.push(end);

/** Where a server listens, until the test is over. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A pool of these origins, which `limpet dev` probes like that. */
export async function start(urls: readonly string[], health: HealthInput): Promise<void> {
  const origins = urls.map((url, at) => ({ id: `o${at}`, url }));
  dev = await startDev({ pools: { shop: { origins, health } }, routes: [{ match: '/*', pool: 'shop' }] });
}

/** What the monitor says of each. */
export async function told(): Promise<Told[]> {
  const response = await fetch(`${dev?.url}/.limpet/admin/status`, {
    headers: { authorization: `Bearer ${secrets.ADMIN_TOKEN}` },
  });
  const { pools }: { pools: { origins: Told[] }[] } = await response.json();
  return pools[0]?.origins ?? [];
}

/** A visitor comes: that is what keeps a pool probed. */
const visit = async () => void (await fetch(`${dev?.url}/`).then(({ body }) => body?.cancel()));
/** Waits until the monitor sees it so. */
export const judged = (what: string, look: (origins: Told[]) => boolean, withinMs?: number) =>
  until(
    what,
    async () => {
      await visit();
      return look(await told());
    },
    withinMs,
  );
