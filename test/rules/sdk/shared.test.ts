import { beforeEach, describe, expect, it } from 'vitest';
import { type FetchSession, limpet } from '../../../sdk/fetch.ts';
import { createOrigin, type LimpetOrigin } from '../../../sdk/origin.ts';
import { KEY, type Parts, sentRequest } from './sent-request.ts';

/** The store API of a pool whose origins share their states, as far as one session needs it. */
class Store {
  state: string | undefined;
  version = 0;
  ended: 'no' | 'yes' = 'no';
  away: 'no' | 'yes' = 'no';
  /** What is done with an answer before it arrives. */
  before: (method: string) => Promise<void> = async () => undefined;
  readonly calls: string[] = [];

  readonly fetch = async (_url: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    const answer = this.answer(init.method ?? 'GET', headers, init.body);
    this.calls.push(`${init.method} ${answer.status}`);
    await this.before(init.method ?? 'GET');
    return answer;
  };

  answer(method: string, headers: Headers, body: unknown): Response {
    const said = (status: number, text: string | null = '{}') =>
      new Response(text, { status, headers: { etag: `"0.${this.version}"` } });
    if (this.away === 'yes') return new Response('{}', { status: 503 });
    if (this.ended === 'yes') return said(410);
    const etag = `"0.${this.version}"`;
    if (method === 'GET')
      return headers.get('if-none-match') === etag ? said(304, null) : said(200, this.state ?? '');
    if (headers.get('if-match') !== etag) return said(412);
    this.write(new TextDecoder().decode(body as Uint8Array));
    return said(200);
  }

  write(state: string): void {
    this.state = state;
    this.version += 1;
  }
}

const valueOf = (state: string | undefined) => (state === undefined ? undefined : JSON.parse(state).value);
const shared = (value: unknown) => JSON.stringify({ v: 1, value });

let store: Store;
let origin: LimpetOrigin;
let ask: (
  work: (session: FetchSession) => unknown,
  parts?: Parts & { unreachable?: string },
) => Promise<Response>;

beforeEach(() => {
  store = new Store();
  origin = createOrigin({
    origin: 'a',
    key: KEY,
    storeDeadlineMs: 30,
    onProblem: () => undefined,
    fetch: store.fetch,
  });
  ask = (work, { unreachable = 'refuse', ...parts } = {}) => {
    const serve = limpet(async (_request, session) => {
      await work(session);
      return new Response('body');
    }, origin);
    const sent = { 'limpet-store': `shared; unreachable=${unreachable}`, ...parts.sent };
    const { method, target, headers } = sentRequest({ method: 'POST', ...parts, sent });
    return serve(new Request(`https://shop.example.com${target}`, { method, headers }));
  };
});

const push = (word: string) => (session: FetchSession) => {
  const words = session.get();
  session.set([...(Array.isArray(words) ? words : []), word]);
};

describe('a session whose state the origins share', () => {
  it('[XS30] is read before the application runs, and put before the answer leaves', async () => {
    store.write(shared(['one']));
    const answer = await ask(push('two'));
    expect([answer.status, answer.headers.get('limpet-state'), answer.headers.get('limpet-version')]).toEqual(
      [200, null, '2'],
    );
    expect(valueOf(store.state)).toEqual(['one', 'two']);
    expect(store.calls).toEqual(['GET 200', 'PUT 200']);
  });

  it('[XS30] what changed nothing is not put, and what is here already is not sent again', async () => {
    store.write(shared(['one']));
    await ask((session) => session.get());
    await ask((session) => session.get());
    expect(store.calls).toEqual(['GET 200', 'GET 304']);
  });

  it('[XS30] a new session costs no read', async () => {
    await ask(push('one'), { sent: { 'limpet-new': '1' } });
    expect(store.calls).toEqual(['PUT 200']);
  });

  it('[XS31] what another origin has written is read with the next request', async () => {
    await ask(push('one'));
    store.write(shared(['one', 'elsewhere']));
    await ask(push('two'));
    expect(valueOf(store.state)).toEqual(['one', 'elsewhere', 'two']);
  });

  it('[XS32] a change written on an older state is refused, never merged and never the last to win', async () => {
    await ask(push('one'));
    const answer = await ask((session) => {
      store.write(shared(['elsewhere']));
      push('two')(session);
    });
    expect([answer.status, answer.headers.get('limpet-refused')]).toEqual([409, 'changed']);
    expect(await answer.json()).toMatchObject({ code: 'state_changed' });
    expect(valueOf(store.state)).toEqual(['elsewhere']);
    expect((await ask(push('three'))).status).toBe(200);
    expect(valueOf(store.state)).toEqual(['elsewhere', 'three']);
  });

  it('[XS33] requests that are here at once share a copy: their puts follow one another, and none is refused', async () => {
    await ask(push('first'));
    const words = ['a', 'b', 'c', 'd', 'e'];
    const answers = await Promise.all(words.map((word) => ask(push(word))));
    expect(answers.map(({ status }) => status)).toEqual(words.map(() => 200));
    expect(store.calls.filter((call) => call === 'PUT 412')).toEqual([]);
    expect(valueOf(store.state)).toHaveLength(words.length + 1 - overwritten(store.state));
  });

  /** Handlers that read before another one wrote: the application's own last writer wins. */
  const overwritten = (state: string | undefined) => 6 - new Set(valueOf(state)).size;

  it('[XS33] a read that sees this origin’s own put, whose answer is on its way, is no other writer', async () => {
    await ask(push('one'));
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    store.before = (method) => (method === 'PUT' ? held : Promise.resolve());
    const first = ask(push('two'));
    while (!store.calls.includes('PUT 200') || store.version < 2)
      await new Promise((resolve) => setImmediate(resolve));
    const second = ask(push('three'));
    while (store.calls.filter((call) => call.startsWith('GET')).length < 3)
      await new Promise((resolve) => setImmediate(resolve));
    release();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(valueOf(store.state)).toEqual(['one', 'two', 'three']);
  });

  it('[XS34] a store that cannot be read: the application does not run, and the edge is told', async () => {
    store.away = 'yes';
    let ran = 0;
    const answer = await ask(() => (ran += 1), { unreachable: 'serve' });
    expect([answer.status, answer.headers.get('limpet-need'), ran]).toEqual([409, 'store', 0]);
  });

  it('[XS34] a store that cannot be written: refused, or served as `onStoreFailure` says', async () => {
    const goesAway = (session: FetchSession) => {
      store.away = 'yes';
      session.set('x');
    };
    const refused = await ask(goesAway);
    expect([refused.status, refused.headers.get('limpet-refused')]).toEqual([503, 'unreachable']);
    store.away = 'no';
    const served = await ask(goesAway, { unreachable: 'serve' });
    expect([served.status, served.headers.get('limpet-unstored'), await served.text()]).toEqual([
      200,
      '1',
      'body',
    ]);
  });

  it('[XS35] an ended session is not served, nor one that this origin has ended', async () => {
    await ask((session) => session.end());
    const marked = await ask(() => undefined);
    store.ended = 'yes';
    const told = await ask(() => undefined, { session: 'xx00007Zq3vYk0hT5mR8wLcN1xQ4q' });
    expect([marked, told].map(({ headers }) => headers.get('limpet-need'))).toEqual(['session', 'session']);
  });

  it('[XS35] outside of a request its caller learns that another origin was first', async () => {
    store.write(shared(['one']));
    const handle = {
      session: 'xx00007Zq3vYk0hT5mR8wLcN1xQ4p',
      epoch: 3,
      apiUrl: 'http://store/x',
      capability: 'c',
      store: { kind: 'shared', unreachable: 'refuse' },
    } as const;
    const background = origin.session(handle);
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(await background.get()).toEqual({ kind: 'state', state: bytes(shared(['one'])) });
    expect(await background.set(bytes('two'))).toBe('stored');
    store.before = async (method) => void (method === 'GET' && store.write('elsewhere'));
    expect(await background.set(bytes('three'))).toBe('changed');
    expect(store.state).toBe('elsewhere');
    store.before = async () => undefined;
    store.away = 'yes';
    expect([await background.get(), await background.set(bytes('four'))]).toEqual([
      { kind: 'unreachable' },
      'unreachable',
    ]);
  });

  it('[XS36] a value of Limpet-Store that nobody knows is not taken for one that is known', async () => {
    expect((await ask(() => undefined, { unreachable: 'maybe' })).status).toBe(403);
  });
});
