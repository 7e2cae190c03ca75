import { probeSocket } from '../core/probing.ts';
import type { OriginId } from '../core/ids.ts';
import type { Connects, Timers } from '../ports.ts';
import type { Way } from './doubt.ts';
import type { OpenSocket } from './redis/redis-tcp.ts';

export interface ConnectsOptions {
  readonly timers: Timers;
  readonly open: OpenSocket;
  /** Also to an origin that has registered itself. */
  wayTo(origin: OriginId): Pick<Way, 'url'> | undefined;
}

/** Opens a connection to an origin and closes it again. */
export function createConnects(withinMs: number, { timers, open, wayTo }: ConnectsOptions): Connects {
  return async (origin) => {
    const way = wayTo(origin);
    if (way === undefined) return 'refused';
    const { hostname, port } = probeSocket(way.url, 0);
    const opening = open({ host: hostname, port, tls: false });
    const decided = new AbortController();
    const verdict = await Promise.race([
      opening.then(
        () => 'opens' as const,
        () => 'refused' as const,
      ),
      timers.sleep(withinMs, decided.signal).then(() => 'silent' as const),
    ]);
    decided.abort();
    // Not waited for: a connection that never opens cannot be closed either.
    void opening.then((socket) => socket.close()).catch(() => undefined);
    return verdict;
  };
}
