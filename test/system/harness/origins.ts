import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';
import { originValues } from './secrets.ts';

/** A real Express process that keeps sessions in memory. */
export interface Origin {
  readonly id: string;
  readonly url: string;
  /** SIGKILL: no goodbye, its memory is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: a black hole that accepts connections. */
  freeze(): void;
  thaw(): void;
  /** Starts it again, empty, on the same port. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Asks the origin itself, past Limpet. */
  ask<Answer>(path: string, method?: 'GET' | 'POST'): Promise<Answer>;
}

const script = fileURLToPath(new URL('origin-app.ts', import.meta.url));

/** Kept by Limpet, plain express-session, or at REDIS_URL: by connect-redis, or fenced by `limpet/redis`. */
export type Sessions = 'kept' | 'plain' | 'redis' | 'fenced';

export async function startOrigin(
  id: string,
  port: number,
  sessions: Sessions,
  more: Readonly<Record<string, string>> = {},
): Promise<Origin> {
  const env = { ...(await originValues('shop', id)), PORT: String(port), SESSIONS: sessions, ...more };
  const url = `http://127.0.0.1:${port}`;
  const launch = () => startChild(script, [], env, 'listening');
  let child: Child = await launch();
  const start = async () => {
    child = await launch();
  };
  const kill = () => child.end('SIGKILL');
  return {
    id,
    url,
    kill,
    freeze: () => child.signal('SIGSTOP'),
    thaw: () => child.signal('SIGCONT'),
    start,
    restart: () => kill().then(start),
    ask: async (path, method = 'GET') => (await fetch(url + path, { method })).json() as Promise<never>,
  };
}
