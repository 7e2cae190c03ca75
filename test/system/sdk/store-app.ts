import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request } from 'express';
import session from 'express-session';
import { limpet } from '../../../sdk/express.ts';
import type { Codec } from '../../../sdk/codec.ts';
import { LimpetStore } from '../../../sdk/express-store.ts';
import { HOME, KEY } from './fake-edge.ts';

/** express-session's own store says what is expected; ours must do the same. */
export const STORES = ['memory', 'adopted', 'bare'] as const;
export type StoreKind = (typeof STORES)[number];
export type Settings = Partial<session.SessionOptions>;

/** What a test does within a request. */
export type Job = (req: Request) => unknown;

export interface StoreApp {
  readonly url: string;
  /** What the next request does. */
  job: Job;
  readonly problems: string[];
  close(): Promise<void>;
}

/** How the application's sessions are set, and what writes them. */
export interface Setting extends Settings {
  readonly codec?: Codec;
}

function middlewareOf(
  kind: StoreKind,
  { codec, ...settings }: Setting,
  problems: string[],
): express.RequestHandler[] {
  const options = {
    ...(codec ? { codec } : {}),
    origin: HOME,
    key: KEY,
    storeDeadlineMs: 300,
    onProblem: ({ code }: { code: string }) => void problems.push(code),
  };
  const plain = { secret: 's', resave: false, saveUninitialized: false, ...settings };
  if (kind === 'memory') return [session(plain)];
  if (kind === 'adopted') return [limpet(session(plain), options)];
  const store = new LimpetStore(options);
  return [store.middleware, session({ ...plain, store })];
}

/** An Express application on a real socket that does, within a request, what a test wants. */
export async function startStoreApp(kind: StoreKind, settings: Setting = {}): Promise<StoreApp> {
  const problems: string[] = [];
  const app = express();
  app.use(...middlewareOf(kind, settings, problems));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const started: StoreApp = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    job: () => undefined,
    problems,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  app.use(async (req, res) => void res.json((await started.job(req)) ?? null));
  app.use(
    ((error: Error, _req, res, _next) =>
      void res.status(500).json(error.message)) as express.ErrorRequestHandler,
  );
  return started;
}
