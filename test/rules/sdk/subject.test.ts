import { describe, expect, it } from 'vitest';
import { createOrigin, type Sealed, type Visit } from '../../../sdk/origin.ts';
import { limpet } from '../../../sdk/fetch.ts';
import { KEY, sentRequest } from './sent-request.ts';

/** An instance before a store that answers every put with 200, and what it was sent. */
function setUp(status = 200) {
  const puts: Record<string, string>[] = [];
  const options = {
    origin: 'a',
    key: KEY,
    storeDeadlineMs: 50,
    onProblem: () => undefined,
    async fetch(_url: string, init: RequestInit) {
      puts.push(Object.fromEntries(new Headers(init.headers)));
      return new Response('{}', { status });
    },
  };
  const origin = createOrigin(options);
  /** One request of the session, and the headers that its answer carries. */
  const visit = async (
    work: (visit: Visit) => void,
    sent: Record<string, string> = { 'limpet-new': '1' },
  ) => {
    const arrival = await origin.arrive(sentRequest({ sent }));
    if (arrival.kind !== 'visit') throw new Error(`The request was ${arrival.kind}`);
    work(arrival.visit);
    const sealed: Sealed = arrival.visit.seal('whole');
    const now = sealed.kind === 'storing' ? await sealed.outcome : sealed;
    arrival.visit.close();
    return {
      headers: Object.fromEntries(now.kind === 'ready' ? now.headers : now.refusal.headers),
      visit: arrival.visit,
    };
  };
  return { visit, puts, options };
}

const small = new Uint8Array(3);
const large = new Uint8Array(4_000);

describe('visit.subject', () => {
  it('[SB11] goes out by itself once per copy, and again when it is another one', async () => {
    const { visit } = setUp();
    const first = await visit(({ subject }) => subject('user-42'));
    expect(first.headers).toEqual({ 'limpet-instance': expect.any(String), 'limpet-subject': 'user-42' });
    expect((await visit(({ subject }) => subject('user-42'))).headers).toEqual({});
    expect((await visit(({ subject }) => subject('user-43'))).headers).toMatchObject({
      'limpet-subject': 'user-43',
    });
    expect((await visit(() => undefined)).headers).toEqual({});
  });

  it('[SB11] rides along with every change, also at a login', async () => {
    const { visit } = setUp();
    for (const verb of ['change', 'change', 'rotate'] as const) {
      const { headers } = await visit((one) => {
        one.change(small);
        if (verb === 'rotate') one.rotate();
        one.subject('user-42');
      });
      expect(headers).toMatchObject({ 'limpet-subject': 'user-42', 'limpet-state': 'AAAA' });
    }
  });

  it('[SB11] of a large state goes with its PUT, and not a second time', async () => {
    const { visit, puts } = setUp();
    const change = (one: Visit) => {
      one.change(large);
      one.subject('user-42');
    };
    expect(Object.keys((await visit(change)).headers).toSorted()).toEqual([
      'limpet-instance',
      'limpet-version',
    ]);
    expect(puts).toMatchObject([{ 'limpet-subject': 'user-42' }]);
    expect((await visit(({ subject }) => subject('user-42'))).headers).toEqual({});
  });

  it('[SB11] is told again after a PUT that was not stored', async () => {
    const { visit } = setUp(503);
    await visit((one) => {
      one.change(large);
      one.subject('user-42');
    });
    expect((await visit(({ subject }) => subject('user-42'))).headers).toMatchObject({
      'limpet-subject': 'user-42',
    });
  });

  it('[SB11] is not said of a read-only copy, nor of a session that ends', async () => {
    const { visit } = setUp();
    const readOnly = { 'limpet-state': 'AAAA', 'limpet-version': '1', 'limpet-read-only': '5' };
    expect((await visit(({ subject }) => subject('user-42'), readOnly)).headers).toEqual({});
    const { headers } = await visit((one) => {
      one.subject('user-42');
      one.end();
    });
    expect(headers).toEqual({ 'limpet-instance': expect.any(String), 'limpet-end': '1' });
  });

  it.each(['', 'user 42', 'b\u00e4r', 'x'.repeat(129), 'a\nb'])(
    '[SB11] %j is a TypeError that does not repeat it',
    async (name) => {
      const { visit } = setUp();
      await visit(({ subject }) =>
        expect(() => subject(name)).toThrow(/^Cannot name the subject as .* \d+ characters$/),
      );
    },
  );

  it('[SB11] is said before the answer has begun, or not at all', async () => {
    const { visit } = await setUp().visit(() => undefined);
    expect(() => visit.subject('user-42')).toThrow('the answer must not have begun');
  });

  it('[OP12] a change made after the answer has begun is marked as late', async () => {
    const { visit, puts } = setUp();
    const { visit: begun } = await visit((one) => one.change(large));
    begun.change(large);
    await begun.late();
    expect(puts.map((headers) => headers['limpet-late'])).toEqual([undefined, '1']);
  });
});

it('[SB11] limpet/fetch hands it on; past Limpet it is only checked', async () => {
  const serve = limpet((_request, session) => {
    session.subject('user-42');
    expect(() => session.subject('user 42')).toThrow(TypeError);
    return new Response('ok');
  }, setUp().options);
  const { headers } = sentRequest({ sent: { 'limpet-new': '1' } });
  expect(
    (await serve(new Request('https://shop.example.com/', { headers }))).headers.get('limpet-subject'),
  ).toBe('user-42');
  expect((await serve(new Request('https://shop.example.com/'))).headers.get('limpet-subject')).toBeNull();
});
