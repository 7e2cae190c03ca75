import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One row of the map, kept with the fence of contract section 4. */
export interface Row {
  home: string;
  instance: string | undefined;
  epoch: number;
  version: number;
  state: Buffer;
  life: 'on' | 'ended';
}

export type Behaviour =
  | { kind: 'well' }
  | { kind: 'fails'; afterMs: number }
  | { kind: 'waits'; until: Promise<unknown> };

interface Claimed {
  status: number;
  code?: string;
  row: Row;
}

/** A real HTTP server with the store API, and the same verbs for the fake edge. */
export interface FakeStore {
  readonly url: string;
  readonly rows: Map<string, Row>;
  /** `PUT /id`, `POST /id/claim` … as they came. */
  readonly calls: string[];
  behaviour: Behaviour;
  claim(session: string, by: { home: string; instance: string | undefined; epoch: number }): Claimed;
  put(session: string, at: { instance: string; epoch: number; version: number; state: Buffer }): number;
  close(): Promise<void>;
}

export const STATE_BYTES_MAX = 100_000;

function newRow(home: string): Row {
  return { home, instance: undefined, epoch: 0, version: 0, state: Buffer.alloc(0), life: 'on' };
}

export async function startFakeStore(home: string): Promise<FakeStore> {
  const rows = new Map<string, Row>();
  const calls: string[] = [];
  const rowOf = (session: string): Row => rows.get(session) ?? newRow(home);

  function claim(
    session: string,
    by: { home: string; instance: string | undefined; epoch: number },
  ): Claimed {
    const row = rowOf(session);
    if (row.life === 'ended') return { status: 410, code: 'session_ended', row };
    if (by.epoch !== row.epoch)
      return { status: 409, code: row.home === by.home ? 'claimed' : 'elsewhere', row };
    const next = { ...row, home: by.home, instance: by.instance, epoch: row.epoch + 1 };
    rows.set(session, next);
    return { status: 200, row: next };
  }

  function put(
    session: string,
    at: { instance: string; epoch: number; version: number; state: Buffer },
  ): number {
    const row = rowOf(session);
    if (row.life === 'ended') return 410;
    if (at.epoch !== row.epoch || row.home !== home) return 409;
    if (row.instance !== undefined && at.instance !== row.instance) return 409;
    if (at.state.length > STATE_BYTES_MAX) return 413;
    const newer = at.version > row.version ? { version: at.version, state: at.state } : {};
    rows.set(session, { ...row, instance: at.instance, ...newer });
    return 200;
  }

  const store: Omit<FakeStore, 'url' | 'close'> = { rows, calls, behaviour: { kind: 'well' }, claim, put };
  const server = createServer((req, res) => void answer(store, home, req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(store, {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

async function answer(
  store: Omit<FakeStore, 'url' | 'close'>,
  home: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  store.calls.push(`${req.method} ${req.url}`);
  const { behaviour } = store;
  if (behaviour.kind === 'waits') await behaviour.until;
  if (behaviour.kind === 'fails') await new Promise((resolve) => setTimeout(resolve, behaviour.afterMs));
  if (behaviour.kind === 'fails') return void res.writeHead(503).end('{"code":"store_unreachable"}');
  const [, session = ''] = (req.url ?? '').split('/');
  const instance = String(req.headers['limpet-instance']);
  const epoch = Number(req.headers['limpet-epoch']);
  if (req.method === 'POST') {
    const { status, code, row } = store.claim(session, { home, instance, epoch });
    res.writeHead(status, { 'limpet-epoch': row.epoch, 'limpet-version': row.version });
    return void res.end(status === 200 ? row.state : JSON.stringify({ code }));
  }
  if (req.method === 'DELETE') {
    store.rows.set(session, { ...(store.rows.get(session) ?? newRow(home)), life: 'ended' });
    return void res.writeHead(204).end();
  }
  const version = Number(req.headers['limpet-version']);
  res.writeHead(store.put(session, { instance, epoch, version, state: Buffer.concat(chunks) }));
  res.end('{}');
}
