import type { IncomingMessage, ServerResponse } from 'node:http';
import { holdAnswer } from './express/hold.ts';
import { createFencedCalls, type RedisClient } from './express/fenced-calls.ts';
import { fence, type FencedStoreOptions } from './express/fenced-store.ts';
import { createFencedUse, createPlaces, type FencedUse } from './express/fenced-use.ts';
import { type ArrivingRequest, readSent } from './headers.ts';
import { readCredentials } from './key.ts';
import { neededFirst, type Refusal, signatureInvalid } from './refusals.ts';
import { createSignatureCheck } from './signature.ts';

export type { RedisClient } from './express/fenced-calls.ts';

/** Goes on to the next middleware, or with an error to the error handlers. */
export type Next = (error?: unknown) => void;

/** How sessions are kept at the Redis. Everything but the client and express-session has a default. */
export interface FencedRedisOptions<Store extends object> extends FencedStoreOptions {
  /** The application's own client, connected: node-redis 4 or newer, or ioredis 5 or newer. */
  readonly client: RedisClient;
  /** express-session itself, for its `Store`. */
  readonly session: { readonly Store: abstract new () => Store };
  /** Milliseconds for a call of Redis. Default: 2000. */
  readonly storeDeadlineMs?: number;
  /** This origin's id in limpet.config.ts. Default: `LIMPET_ORIGIN`. */
  readonly origin?: string;
  /** What `npx limpet key <origin>` prints. Default: `LIMPET_KEY`. */
  readonly key?: string;
}

/** A store for express-session, and the middleware without which it knows no epoch. */
export interface FencedRedis<Store extends object> {
  readonly store: Store;
  /** Goes around `session({ store, … })`. */
  middleware<Req extends IncomingMessage, Res extends ServerResponse>(
    session: (req: Req, res: Res, next: Next) => unknown,
  ): (req: Req, res: Res, next: Next) => void;
}

/**
 * Sessions of express-session at the application's own Redis, under Limpet's fence (a pool in `external` mode with its contract). Its records are those of
 * connect-redis; beside each stands the epoch under which it was read last. A process that froze, was left, and thaws cannot save the session that it
 * had loaded before: the script at the Redis refuses it, and its client gets 409 `session_moved` instead of an answer that would not be true.
 *
 * @throws TypeError when `LIMPET_ORIGIN` or `LIMPET_KEY` is missing or malformed, or the client is of no known kind.
 *
 * @example
 * import session from 'express-session'
 * import { createClient } from 'redis'
 * import { fencedRedis } from 'limpet/redis'
 *
 * const client = await createClient({ url: process.env.REDIS_URL }).connect()
 * const redis = fencedRedis({ client, session })
 * app.use(redis.middleware(session({ store: redis.store, secret, resave: false, saveUninitialized: false })))
 */
export function fencedRedis<Store extends object>(options: FencedRedisOptions<Store>): FencedRedis<Store> {
  const { origin, key } = readCredentials(options);
  const signature = createSignatureCheck(key);
  const instance = crypto.randomUUID();
  const places = createPlaces();
  const calls = createFencedCalls(options.client, options.storeDeadlineMs ?? 2000);
  const store: Store = Reflect.construct(options.session.Store, []);
  fence(store, { ...options, calls, places });

  async function arrive<Req extends IncomingMessage>(req: Req): Promise<FencedUse | Refusal | undefined> {
    const request = arriving(req);
    if (request.header('limpet-session') === undefined) return undefined;
    const sent = readSent(request);
    if (!sent || !(await signature.verify(request))) return signatureInvalid();
    return createFencedUse({ session: sent.session, epoch: sent.epoch, origin }, instance);
  }

  return {
    store,
    middleware: (session) => (req, res, next) => {
      arrive(req)
        .then((use) => {
          if (use === undefined) return places.run('direct', () => session(req, res, next));
          if ('status' in use) return send(res, use);
          return serve(session, use, { req, res, next });
        })
        .catch(next);
    },
  };

  function serve<Req extends IncomingMessage, Res extends ServerResponse>(
    session: (req: Req, res: Res, next: Next) => unknown,
    use: FencedUse,
    { req, res, next }: { req: Req; res: Res; next: Next },
  ): void {
    const hold = holdAnswer(res, { seal: (extent) => use.seal(extent, req), late: () => use.late() });
    use.onLateRefused = hold.cut;
    places.watch(req, use);
    places.run(use, () =>
      session(req, res, (error) => {
        const { need } = use;
        if (need) return send(res, neededFirst(need, [['limpet-instance', instance]]));
        places.bindEnd(res, use);
        next(error);
      }),
    );
  }
}

function arriving(req: IncomingMessage): ArrivingRequest {
  const target =
    'originalUrl' in req && typeof req.originalUrl === 'string' ? req.originalUrl : (req.url ?? '/');
  return {
    method: req.method ?? 'GET',
    target,
    header(name) {
      const value = req.headers[name];
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function send(res: ServerResponse, { status, headers, body }: Refusal): void {
  for (const [name, value] of headers) res.setHeader(name, value);
  res.statusCode = status;
  res.end(body);
}
