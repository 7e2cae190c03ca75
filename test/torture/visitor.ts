import { setTimeout as after } from 'node:timers/promises';
import type { Chance } from '../simulation/chance.ts';
import { type Client, createClient, type Seen } from '../system/harness/client.ts';
import { type Answered, type Event, resultOf, type SessionHistory } from './history.ts';

/** One session: its client, and all that the client saw. */
export interface Visitor extends SessionHistory {
  append(): Promise<Answered>;
  /** Asks until it is answered, or nobody wants to know any more. */
  read(wanted: () => boolean): Promise<void>;
  readLast(of: 'live' | 'stored'): Promise<void>;
  leave(): void;
}

/** Between two attempts of a reader who was refused. */
const againMs = 100;
const lastWithinMs = 60_000;

export function createVisitor(
  url: string,
  name: string,
  order: SessionHistory['order'],
  chance: Chance,
  clock: () => number,
): Visitor {
  const client = createClient(url);
  const events: Event[] = [];
  // Half of the states are too large for a header: their origin stores them itself.
  const bulk = chance.happens(0.5) ? 4_000 : 0;
  let count = 0;

  async function attempt(method: 'GET' | 'POST', path: string): Promise<Answered> {
    const atMs = clock();
    const answered = await ask(client, method, path, name);
    return { atMs, tookMs: clock() - atMs, ...answered };
  }

  async function readUntil(note: (answered: Answered) => Event, wanted: () => boolean): Promise<void> {
    for (;;) {
      const answered = await attempt('GET', '/list');
      events.push(note(answered));
      if (answered.status === 200 || !wanted()) return;
      await after(againMs);
    }
  }

  return {
    name,
    order,
    events,
    async append() {
      const item = `${name}.${(count += 1)}`;
      // An application that takes its time has more under way when it is hit.
      const ms = chance.happens(0.3) ? chance.between(50, 400) : 0;
      const answered = await attempt('POST', `/list?item=${item}&bulk=${bulk}&ms=${ms}`);
      events.push({ kind: 'append', item, result: resultOf(answered), ...answered });
      return answered;
    },
    read(wanted) {
      const sinceMs = clock();
      return readUntil((answered) => ({ kind: 'read', waitedMs: clock() - sinceMs, ...answered }), wanted);
    },
    readLast(of) {
      const sinceMs = clock();
      const wanted = () => clock() - sinceMs < lastWithinMs;
      return readUntil((answered) => ({ kind: 'last', of, ...answered }), wanted);
    },
    leave: () => client.close(),
  };
}

type WithoutTimes = Omit<Answered, 'atMs' | 'tookMs'>;

async function ask(client: Client, method: string, path: string, name: string): Promise<WithoutTimes> {
  try {
    // Visitors with a browser of their own each: a crowd behind one address is spread by it.
    const headers = { 'user-agent': `a browser of ${name}`, 'content-length': 0 };
    const seen = await client.ask(path, {
      method,
      headers: method === 'GET' ? { 'user-agent': headers['user-agent'] } : headers,
    });
    return seen.end === 'complete' ? readAnswer(seen) : noAnswer('cut');
  } catch (error) {
    return noAnswer(error instanceof Error && 'code' in error ? String(error.code) : String(error));
  }
}

function readAnswer(seen: Seen): WithoutTimes {
  const { status, headers, outcome = '', home = '' } = seen;
  const code = String(headers['limpet-code'] ?? '');
  return { status, code, outcome, home, list: status === 200 ? seen.json<string[]>() : undefined };
}

function noAnswer(code: string): WithoutTimes {
  return { status: 0, code, outcome: '', home: '', list: undefined };
}
