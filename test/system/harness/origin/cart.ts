import { createHash, randomBytes } from 'node:crypto';
import express, { type Request } from 'express';

declare module 'express-session' {
  interface SessionData {
    items: string[];
    bulk: string;
    user: string;
  }
}

/** How often each item was added, whatever became of the answer: what was executed here. */
const executed: Record<string, number> = {};

function add({ session, query }: Request): void {
  const item = String(query['item']);
  executed[item] = (executed[item] ?? 0) + 1;
  session.items = [...(session.items ?? []), item];
  if (query['kb'] !== undefined) session.bulk = 'x'.repeat(1024 * Number(query['kb']));
  if (query['noise'] !== undefined) session.bulk = noise(Number(query['noise']));
}

/** This many bytes of text, of which gzip leaves three quarters. */
function noise(count: number): string {
  return randomBytes(Math.ceil(count * 0.75))
    .toString('base64url')
    .slice(0, count);
}

function cart({ session }: Request) {
  return { origin: process.env['LIMPET_ORIGIN'], pid: process.pid, items: session.items ?? [] };
}

const assets = Array.from({ length: 20 }, (_, at) => `/asset/${at}.css`);

function page(): string {
  const links = assets.map((path) => `<link rel="stylesheet" href="${path}">`).join('\n');
  const calls = `Promise.all(['/cart', '/who', '/cart', '/who'].map((path) => fetch(path)))`;
  return `<!doctype html><title>shop</title>${links}<script>${calls}.then(() => (document.title = 'loaded'))</script>`;
}

/** Requests that have read their session and wait. */
const parked: (() => void)[] = [];

/** Asked past Limpet, by the test. */
export function releaseRoutes(): express.Router {
  const router = express.Router();
  router.get('/parked', (_request, response) => void response.json(parked.length));
  router.post('/release', (_request, response) => {
    const released = parked.splice(0);
    for (const goOn of released) goOn();
    response.json(released.length);
  });
  return router;
}

/** The routes of a shop that keeps its carts in sessions. */
export function cartRoutes(): express.Router {
  const router = express.Router();
  router.get('/executed', (_request, response) => void response.json(executed));
  router.get('/cart', (request, response) => void response.json(cart(request)));
  router.get('/bulk', ({ session: { bulk = '' } }, response) => {
    response.json({ bytes: bulk.length, sha256: createHash('sha256').update(bulk).digest('hex') });
  });
  router.post('/cart', (request, response) => {
    add(request);
    response.json(cart(request));
  });
  // The application is at work for a while: it answers when it is told to.
  router.post('/cart/slowly', (request, response) => {
    const { session, query } = request;
    setTimeout(() => {
      add(request);
      response.json({ ...cart(request), session: session.id });
    }, Number(query['ms']));
  });
  // It has its session, and waits: what it saves then is what it had read before.
  router.post('/cart/parked', (request, response) => {
    parked.push(() => {
      add(request);
      response.json(cart(request));
    });
  });
  // A first page: it begins a session, and wants twenty things at once.
  router.get('/page', (request, response) => {
    add(request);
    response.type('html').send(page());
  });
  // A GET that changes the session, as a shop that keeps "last seen" would.
  router.get('/look', (request, response) => {
    add(request);
    response.json(cart(request));
  });
  router.post('/late', (request, response) => {
    response.write('begun ');
    setTimeout(
      () => {
        add(request);
        response.end('and done');
      },
      Number(request.query['ms'] ?? 1),
    );
  });
  // Somebody has proved who they are.
  router.post('/be', ({ session, query }, response) => {
    session.user = String(query['user']);
    response.json(session.user);
  });
  router.post('/login', (request, response, next) => {
    const { items = [] } = request.session;
    request.session.regenerate((error) => {
      if (error) return next(error);
      request.session.items = [...items, 'login'];
      response.json(cart(request));
    });
  });
  router.post('/logout', (request, response) => void request.session.destroy(() => response.json('out')));
  return router;
}
