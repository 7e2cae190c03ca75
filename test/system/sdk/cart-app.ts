import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
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

/** What a test reads of the streams and callbacks within the application. */
export const slowPipe = {
  readChunks: 0,
  source(chunks: number): Readable {
    return new Readable({
      highWaterMark: 1,
      read() {
        slowPipe.readChunks += 1;
        this.push(slowPipe.readChunks > chunks ? null : Buffer.alloc(16_384, 'p'));
      },
    });
  },
};
export const lateSave: { error: unknown } = { error: undefined };
export const gate = { opened: Promise.resolve(), waiting: 0 };

async function passGate(then: () => unknown): Promise<void> {
  gate.waiting += 1;
  await gate.opened;
  gate.waiting -= 1;
  then();
}

/** Its listeners run in the context in which this module was loaded. */
const outside = new EventEmitter();
const runHere = AsyncResource.bind((work: () => void) => work());
outside.on('work', (work: () => void) => runHere(work));

/** What one call of the request's store answers with. */
function readStore(req: Request, call: string, ...args: unknown[]): Promise<unknown> {
  const own: unknown = Reflect.get(req.sessionStore, call);
  if (typeof own !== 'function') throw new TypeError(`The store has no ${call}`);
  return new Promise((resolve, reject) => {
    const done = (error: unknown, value: unknown) => (error ? reject(error) : resolve(value));
    Reflect.apply(own, req.sessionStore, [...args, done]);
  });
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
  router.all('/json', (req, res) => void res.json(add(req)));
  router.post('/end', (req, res) => void res.end(add(req).join()));
  router.post('/redirect', (req, res) => (add(req), res.redirect('/cart')));
  router.all('/write-head', (req, res) => {
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
  router.all('/no-content', (req, res) => (add(req), res.sendStatus(204)));
  router.all('/head', (req, res) => (add(req), res.send('a body that HEAD leaves out')));
  router.post('/error', (req) => {
    add(req);
    throw new Error('the application failed');
  });
  router.post('/login', (req, res, next) => {
    req.session.regenerate((error) => (error ? next(error) : (add(req), res.json('in'))));
  });
  router.post('/logout', (req, res) => void req.session.destroy(() => res.json('out')));
  router.post('/twice', (req, res) => {
    add(req);
    res.json('the first answer');
    res.json('2');
  });
  router.post('/slow-pipe', (req, res) => {
    add(req);
    slowPipe.readChunks = 0;
    slowPipe.source(256).pipe(res);
  });
  router.post('/late-save', (req, res) => {
    res.write('begun ');
    add(req);
    req.session.save((error) => {
      lateSave.error = error;
      res.end('end');
    });
  });
  router.post('/lost-context', (req, res) => {
    add(req);
    outside.emit('work', () => req.session.save(() => res.json('from a context of its own')));
  });
  router.post('/lost-null', (req, res) => {
    Object.assign(req, { session: null });
    outside.emit('work', () => res.json('out'));
  });
  router.post('/late-forgotten', (req, res) => {
    res.write('begun ');
    add(req);
    req.session.save();
    res.end('end');
  });
  router.all('/raw-204', (req, res) => {
    add(req);
    res.writeHead(204);
    res.flushHeaders();
    res.end();
  });
  router.all('/raw-head', (req, res) => {
    add(req);
    res.writeHead(200, { 'content-length': 4 });
    res.write('body');
    res.end();
  });
  router.all('/head-late', (req, res) => {
    res.flushHeaders();
    setImmediate(() => (add(req), res.end()));
  });
  router.get('/all', (req, res, next) => {
    const { all } = req.sessionStore;
    if (!all) return next();
    all.call(req.sessionStore, (_error, sessions) => res.json(Object.keys(sessions ?? {}).length));
  });
  router.post('/reload', (req, res, next) => {
    add(req);
    req.session.reload((error) => (error ? next(error) : res.json(req.session.items ?? [])));
  });
  router.post('/touch', (req, res, next) => {
    readStore(req, 'touch', req.sessionID, req.session)
      .then(() => readStore(req, 'get', req.sessionID))
      .then((found) => res.json(found), next);
  });
  router.all('/store/:call', (req, res, next) => {
    readStore(req, req.params.call).then((value) => res.json(value ?? null), next);
  });
  router.post('/wait', (req, res, next) => {
    add(req);
    passGate(() => res.json('waited')).catch(next);
  });
  router.post('/wait-only', (_req, res, next) => {
    passGate(() => res.json('waited')).catch(next);
  });
  router.get('/trickle', (_req, res, next) => {
    res.setHeader('content-type', 'text/event-stream');
    res.flushHeaders();
    res.write('data: 1\n\n');
    passGate(() => res.end('data: 2\n\n')).catch(next);
  });
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
