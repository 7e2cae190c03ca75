import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { createJar, type Jar } from './jar.ts';

/** What a client saw of one answer. */
export interface Seen {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** `cut`: the connection was lost before the body's end. */
  readonly end: 'complete' | 'cut';
  /** Names of the cookies that this answer set. */
  readonly cookies: readonly string[];
  readonly outcome: string | undefined;
  readonly reason: string | undefined;
  readonly home: string | undefined;
  json<Value>(): Value;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Answers that arrive are not remembered, as another device would not. */
  readonly jar?: 'keep' | 'only send';
}

/** A visitor: a jar of cookies and connections of its own. */
export interface Client {
  readonly jar: Jar;
  ask(path: string, ask?: Ask): Promise<Seen>;
  get(path: string, headers?: OutgoingHttpHeaders): Promise<Seen>;
  post(path: string, headers?: OutgoingHttpHeaders): Promise<Seen>;
  close(): void;
}

export function createClient(base: string): Client {
  const jar = createJar();
  // workerd closes a connection that was idle for five seconds: whoever sends into that moment is reset.
  const agent = new Agent({ keepAlive: true, timeout: 3_000 });
  const ask = async (path: string, { method = 'GET', headers = {}, body, jar: use = 'keep' }: Ask = {}) => {
    const cookie = jar.header();
    const sent = { ...(cookie === '' ? {} : { cookie }), ...headers };
    const answer = await send(base + path, { method, headers: sent, body, agent });
    if (use === 'keep') jar.take(answer.headers['set-cookie'] ?? []);
    return answer;
  };
  return {
    jar,
    ask,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, headers = {}) => ask(path, { method: 'POST', headers: { 'content-length': 0, ...headers } }),
    close: () => agent.destroy(),
  };
}

interface Sent {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Buffer | undefined;
  readonly agent: Agent;
}

function send(url: string, { method, headers, body, agent }: Sent): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent });
    asked.on('error', reject);
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => undefined);
      response.on('close', () => resolve(seen(response, Buffer.concat(chunks).toString())));
    });
    asked.end(body);
  });
}

function seen(response: IncomingMessage, body: string): Seen {
  const { headers, rawHeaders, statusCode = 0, complete } = response;
  const text = (name: string) => headers[name]?.toString();
  return {
    status: statusCode,
    headers,
    rawHeaders,
    body,
    end: complete ? 'complete' : 'cut',
    cookies: (headers['set-cookie'] ?? []).map((line) => line.slice(0, line.indexOf('='))),
    outcome: text('limpet-outcome'),
    reason: text('limpet-reason'),
    home: text('limpet-origin'),
    json: () => JSON.parse(body),
  };
}
