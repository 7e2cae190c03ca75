import { RedisStore } from 'connect-redis';
import type { RequestHandler } from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import { limpet } from 'limpet/express';
import { fencedRedis } from 'limpet/redis';
import { createClient } from 'redis';

const settings = { secret: 'a secret of the application', resave: false, saveUninitialized: false };
const url = process.env['REDIS_URL'] ?? '';

/** The ways in which an application may keep its sessions; the rest of it is the same. */
export async function sessionsFor(kind: string | undefined): Promise<RequestHandler> {
  switch (kind) {
    case 'plain':
      return session(settings);
    case 'redis':
      return session({ ...settings, store: new RedisStore({ client: await nodeRedis() }) });
    case 'fenced': {
      const client = process.env['REDIS_CLIENT'] === 'ioredis' ? new Redis(url) : await nodeRedis();
      const redis = fencedRedis({ client, session });
      return redis.middleware(session({ ...settings, store: redis.store }));
    }
    default:
      return limpet(session(settings), { subject: (request) => request.session.user });
  }
}

async function nodeRedis() {
  const client = createClient({ url });
  client.on('error', (error: unknown) => console.warn(String(error)));
  return client.connect();
}
