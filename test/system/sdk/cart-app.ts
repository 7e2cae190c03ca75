import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import express, { type Request } from 'express';
import session from 'express-session';
import { limpet, type OriginOptions } from '../../../sdk/express.ts';
import { HOME, KEY } from './fake-edge.ts';

declare module 'express-session' {
  interface SessionData {
    items: string[];
    bulk: string;
  }
}

export interface App {
  readonly url: string;
  close(): Promise<void>;
}

/** The way in which an answer goes out, by path: what `/…?item=x` does with the item is always `add`. */
function routes(): express.Router {
  const router = express.Router();
  const add = (req: Request): string[] => {
    req.session.items = [...(req.session.items ?? []), String(req.query['item'])];
    if (req.query['kb']) req.session.bulk = 'x'.repeat(1024 * Number(req.query['kb']));
    return req.session.items;
  };

  router.get('/cart', (req, res) => void res.json(req.session.items ?? []));
  router.get('/raw', (_req, res) => void res.end('raw'));
  router.post('/json', (req, res) => void res.json(add(req)));
  router.post('/end', (req, res) => void res.end(add(req).join()));
  router.post('/redirect', (req, res) => (add(req), res.redirect('/cart')));
  router.post('/write-head', (req, res) => {
    add(req);
    res.writeHead(201, { 'x-made': 'yes' }).end('made');
  });
  router.post('/write-first', (req, res) => {
    add(req);
    res.write('first ');
    res.end('last');
  });
  router.post('/late', (req, res) => {
    res.write('begun ');
    setImmediate(() => res.end(add(req).join()));
  });
  router.post('/late-length', (req, res) => {
    res.setHeader('content-length', 5);
    res.write('whole');
    setImmediate(() => (add(req), res.end()));
  });
  router.post('/pipe', (req, res) => {
    add(req);
    const chunks = Array.from({ length: 64 }, () => Buffer.alloc(16_384, 'p'));
    Readable.from(chunks).pipe(res);
  });
  router.post('/file', (req, res) => {
    add(req);
    res.sendFile('package.json', { root: process.cwd() });
  });
  router.post('/events', (req, res) => {
    add(req);
    res.setHeader('content-type', 'text/event-stream');
    res.flushHeaders();
    res.write('data: 1\n\n');
    res.end('data: 2\n\n');
  });
  router.post('/no-content', (req, res) => (add(req), res.sendStatus(204)));
  router.all('/head', (req, res) => (add(req), res.send('a body that HEAD leaves out')));
  router.post('/error', (req) => {
    add(req);
    throw new Error('the application failed');
  });
  router.post('/login', (req, res, next) => {
    req.session.regenerate((error) => (error ? next(error) : (add(req), res.json('in'))));
  });
  router.post('/logout', (req, res) => void req.session.destroy(() => res.json('out')));
  router.post('/save', (req, res) => {
    add(req);
    req.session.save((error) => res.json(String(error)));
  });
  return router;
}

/** A real Express application on a real socket, with its sessions kept by Limpet. */
export async function startCartApp(
  settings: session.SessionOptions = { secret: 's', resave: false, saveUninitialized: false },
  options: OriginOptions = {},
): Promise<App> {
  const app = express();
  app.use(limpet(session(settings), { origin: HOME, key: KEY, onProblem: () => undefined, ...options }));
  app.use(routes());
  app.use(((_error, _req, res, _next) => void res.status(500).json('failed')) as express.ErrorRequestHandler);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
