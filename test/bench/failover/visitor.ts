import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as after } from 'node:timers/promises';
import { createJar } from '../../system/harness/jar.ts';

/** What a client does again and again: read, write, or write with an `Idempotency-Key`. */
export type Kind = 'get' | 'keyed' | 'post';

/** One request, as its client saw it. */
export interface Event {
  readonly kind: Kind;
  readonly item: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  /** 0: no answer. */
  readonly status: number;
  /** A refusal's code, or why there was no answer. */
  readonly code: string;
  readonly origin: string;
  readonly count: number;
  readonly last: readonly string[];
}

/** A browser: cookies and one connection of its own. */
export interface Visitor {
  readonly name: string;
  readonly kind: Kind;
  readonly events: readonly Event[];
  /** Writes that were answered with 200. */
  readonly acknowledged: readonly string[];
  ask(kind: Kind, path?: string): Promise<Event>;
  /** Asks ten times a second; after a first failure at once. */
  browse(isOver: () => boolean): Promise<void>;
  leave(): void;
}

const periodMs = 100;
const againMs = 2;
const patienceMs = 10_000;

export function createVisitor(base: string, name: string, kind: Kind): Visitor {
  const jar = createJar();
  jar.set('client', name);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const events: Event[] = [];
  const acknowledged: string[] = [];
  let count = 0;

  const ask = async (how: Kind, path?: string): Promise<Event> => {
    const item = how === 'get' ? undefined : `${name}.${how}.${(count += 1)}`;
    const startedAt = performance.now();
    const answer = await send(base + (path ?? (item === undefined ? '/list' : `/list?item=${item}`)), {
      method: item === undefined ? 'GET' : 'POST',
      headers: {
        cookie: jar.header(),
        'user-agent': `a browser of ${name}`,
        ...(item === undefined ? {} : { 'content-length': '0' }),
        ...(how === 'keyed' ? { 'idempotency-key': String(item) } : {}),
      },
      agent,
      patienceMs: path === undefined ? patienceMs : 3 * patienceMs,
    });
    jar.take(answer.cookies);
    const event = { kind: how, item, startedAt, endedAt: performance.now(), ...read(answer) };
    events.push(event);
    if (event.status === 200 && item !== undefined) acknowledged.push(item);
    return event;
  };

  return {
    name,
    kind,
    events,
    acknowledged,
    ask,
    async browse(isOver) {
      // Not all at the same moment.
      await after(Math.random() * periodMs);
      for (let failed = 0; !isOver(); ) {
        const { startedAt, status } = await ask(kind);
        failed = status === 200 ? 0 : failed + 1;
        await after(failed === 1 ? againMs : Math.max(0, startedAt + periodMs - performance.now()));
      }
    },
    leave: () => agent.destroy(),
  };
}

interface Sent {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly agent: Agent;
  readonly patienceMs: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
}

function send(url: string, { patienceMs: ms, ...options }: Sent): Promise<Answer> {
  return new Promise((resolve) => {
    const none = (why: string) => resolve({ status: 0, body: JSON.stringify({ code: why }), cookies: [] });
    const asked = request(url, { ...options, signal: AbortSignal.timeout(ms) }, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then(
        (body) => resolve({ status, body, cookies: headers['set-cookie'] ?? [] }),
        () => none('cut'),
      );
    });
    asked.once('error', (error: NodeJS.ErrnoException) => none(error.code ?? error.message));
    asked.end();
  });
}

/** A peer's own error page is no JSON. */
function read({ status, body }: Answer): Pick<Event, 'status' | 'code' | 'origin' | 'count' | 'last'> {
  const said: Partial<Event> = body.startsWith('{') ? JSON.parse(body) : {};
  const { code = '', origin = '', count = 0, last = [] } = said;
  return { status, code, origin, count, last };
}
