import { createHmac } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import type { FakeStore } from './fake-store.ts';

export const KEY = 'E7Un_C9lIoU7wiiydqOWNWgRd80DYVGxt7K8LRD9zi4';
export const HOME = 'a';

/** What the client sees, and what the origin said to the edge. */
export interface Seen {
  readonly status: number;
  readonly body: string;
  /** Whether the answer ended as HTTP says it should. */
  readonly end: 'complete' | 'cut';
  readonly headers: IncomingMessage['headers'];
  readonly limpet: Readonly<Record<string, string>>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sent?: Readonly<Record<string, string>>;
  readonly epoch?: number;
  readonly bucket?: number;
  readonly signal?: AbortSignal;
}

/** A client behind an edge: one session, one cookie jar. It keeps states as contract section 6 says. */
export function createClient(store: FakeStore, session: string) {
  let cookie = '';
  let epoch = 0;

  async function ask(origin: string, path: string, options: Ask = {}): Promise<Seen> {
    const sentEpoch = options.epoch ?? epoch;
    const headers = sign(store, session, path, { ...options, epoch: sentEpoch });
    const jar: Record<string, string> = cookie === '' ? {} : { cookie };
    const all = { ...options.headers, ...jar, ...headers };
    const seen = await call(origin, path, options.method ?? 'GET', all, options.signal);
    const kept = keep(seen, sentEpoch);
    epoch = store.rows.get(session)?.epoch ?? 0;
    cookie = kept.headers['set-cookie']?.[0]?.split(';')[0] ?? cookie;
    return kept;
  }

  function keep(seen: Seen, sentEpoch: number): Seen {
    const {
      'limpet-state': state,
      'limpet-version': version,
      'limpet-instance': instance = '',
    } = seen.limpet;
    if (seen.limpet['limpet-end'] === '1') store.rows.delete(session);
    if (state === undefined) return seen;
    const at = Number(seen.limpet['limpet-epoch'] ?? sentEpoch);
    const put = { instance, epoch: at, version: Number(version), state: Buffer.from(state, 'base64url') };
    const status = store.put(session, put);
    return status === 200
      ? seen
      : { ...seen, status, headers: {}, body: status === 409 ? 'session_moved' : 'session_ended' };
  }

  const headersFor = (path: string, options: Ask = {}) => sign(store, session, path, { epoch, ...options });

  return { ask, session, headersFor };
}

function sign(store: FakeStore, session: string, path: string, options: Ask & { epoch: number }) {
  const api = `${store.url}/${session} capability`;
  const bucket = String(options.bucket ?? 29_900_000);
  const sent = options.sent ?? {};
  const others = Object.keys(sent)
    .sort()
    .map((name) => `${name}:${sent[name]}`);
  const method = options.method ?? 'GET';
  const scope = ['GET', 'HEAD', 'OPTIONS'].includes(method) ? 'safe' : `${method} ${path}`;
  const message = [
    'limpet-request-v1',
    bucket,
    session,
    String(options.epoch),
    api,
    scope,
    others.join('\n'),
  ].join('\n');
  const mac = createHmac('sha256', Buffer.from(KEY, 'base64url')).update(message).digest('base64url');
  return {
    'limpet-session': session,
    'limpet-epoch': String(options.epoch),
    'limpet-api': api,
    'limpet-signature': `v1.${bucket}.${mac}`,
    ...sent,
  };
}

export function call(
  origin: string,
  path: string,
  method: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request(
      origin + path,
      { method, headers, agent: false, ...(signal ? { signal } : {}) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => undefined);
        response.on('close', () => resolve(read(response, Buffer.concat(chunks).toString())));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

function read(response: IncomingMessage, body: string): Seen {
  const limpet: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (name.startsWith('limpet-') && typeof value === 'string') limpet[name] = value;
  }
  const end = response.complete ? 'complete' : 'cut';
  return { status: response.statusCode ?? 0, body, end, headers: response.headers, limpet };
}
