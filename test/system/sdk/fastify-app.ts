import { Readable } from 'node:stream';
import cookie from '@fastify/cookie';
import session, { MemoryStore } from '@fastify/session';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { limpet, type OriginOptions } from '../../../sdk/fastify.ts';
import type { App } from './cart-app.ts';
import { HOME, KEY } from './fake-edge.ts';

declare module 'fastify' {
  interface Session {
    items: string[];
    bulk: string;
  }
}

type Asked = FastifyRequest<{ Querystring: { item?: string; kb?: string } }>;

function add({ session, query }: Asked): string[] {
  session.items = [...(session.items ?? []), String(query.item)];
  if (query.kb) session.bulk = 'x'.repeat(1024 * Number(query.kb));
  return session.items;
}

const readOf = (store: object, name: string, ...args: unknown[]) =>
  new Promise<unknown>((resolve, reject) => {
    const own: unknown = Reflect.get(store, name);
    if (typeof own !== 'function') throw new TypeError(`the store has no ${name}`);
    Reflect.apply(own, store, [
      ...args,
      (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)),
    ]);
  });

function routes(app: FastifyInstance): void {
  app.get('/facts', async ({ limpet: facts }) => ({ facts }));
  app.get('/cart', ({ session }) => session.items ?? []);
  app.post('/json', (request: Asked) => add(request));
  app.post('/send', (request: Asked, reply) => void reply.send(add(request)));
  app.post('/redirect', (request: Asked, reply) => (add(request), reply.redirect('/cart')));
  app.post('/no-content', (request: Asked, reply) => (add(request), reply.code(204).send()));
  app.post('/error', (request: Asked) => {
    add(request);
    throw new Error('the application failed');
  });
  app.post('/pipe', (request: Asked, reply) => {
    add(request);
    return reply.send(Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(16_384, 'p'))));
  });
  app.post('/save', async (request: Asked) => {
    add(request);
    await request.session.save();
    return 'saved';
  });
  app.post('/reload', async (request: Asked) => {
    add(request);
    await request.session.reload();
    return request.session.items ?? [];
  });
  app.post('/login', async (request: Asked) => {
    await request.session.regenerate();
    return add(request);
  });
  app.post('/logout', async ({ session }) => {
    await session.destroy();
    return 'out';
  });
  app.post('/late', (request: Asked, reply) => {
    const body = Readable.from(
      (async function* () {
        yield 'begun ';
        add(request);
        await request.session.save();
        yield 'and done';
      })(),
    );
    return reply.send(body);
  });
  app.get('/mine', async ({ session, sessionStore }) => readOf(sessionStore, 'get', session.sessionId));
}

/** A real Fastify application on a real socket, with its sessions kept by Limpet. */
export async function startFastifyApp(options: OriginOptions = {}): Promise<App> {
  const app = fastify();
  const store = new MemoryStore();
  await app.register(cookie);
  await app.register(limpet({ store }, { origin: HOME, key: KEY, onProblem: () => undefined, ...options }));
  await app.register(session, {
    secret: 'a secret of the application, of 32 characters or more',
    store,
    saveUninitialized: false,
    cookie: { secure: false, maxAge: 3_600_000 },
  });
  routes(app);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: () => app.close() };
}
