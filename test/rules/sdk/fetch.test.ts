import { describe, expect, it } from 'vitest';
import { limpet, type FetchSession } from '../../../sdk/fetch.ts';
import { KEY, type Parts, sentRequest } from './sent-request.ts';

type Step = (session: FetchSession) => unknown;

/** A handler that does one step, before a store that answers every put with one status. */
function setUp(putStatus = 200) {
  const puts: string[] = [];
  let step: Step = () => undefined;
  const options = {
    origin: 'a',
    key: KEY,
    storeDeadlineMs: 50,
    onProblem: () => undefined,
    async fetch(url: string, init: RequestInit) {
      puts.push(`${init.method} ${url}`);
      return new Response('{}', { status: putStatus });
    },
  };
  const serve = limpet((_request, session) => {
    step(session);
    return new Response('body', { headers: { 'set-cookie': 'a=1' } });
  }, options);
  const ask = (work: Step, parts: Parts = {}) => {
    step = work;
    const { method, target, headers } = sentRequest({ sent: { 'limpet-new': '1' }, ...parts });
    return serve(new Request(`https://shop.example.com${target}`, { method, headers }));
  };
  return { ask, puts };
}

const stateOf = (response: Response) => {
  const text = response.headers.get('limpet-state');
  return text === null ? undefined : JSON.parse(Buffer.from(text, 'base64url').toString());
};

describe('limpet/fetch', () => {
  it('[SD40] a change goes out with the answer, and is there with the next request', async () => {
    const { ask, puts } = setUp();
    const seen = await ask((session) => session.set({ cart: [1] }), {
      method: 'POST',
      target: '/cart?item=1',
    });
    expect(stateOf(seen)).toEqual({ v: 1, value: { cart: [1] } });
    expect(seen.headers.get('limpet-version')).toBe('1');
    expect(seen.headers.get('limpet-instance')).toMatch(/.{16}/);
    let value: unknown;
    const plain = await ask((session) => (value = session.get()));
    expect(value).toEqual({ cart: [1] });
    expect([...plain.headers.keys()].filter((name) => name.startsWith('limpet-'))).toEqual([]);
    expect(puts).toEqual([]);
  });

  it('[SD40] setting what was read is no change', async () => {
    const { ask } = setUp();
    await ask((session) => session.set([1]));
    expect(stateOf(await ask((session) => session.set(session.get())))).toBeUndefined();
  });

  it('[SD41] a large state is put first', async () => {
    const { ask, puts } = setUp();
    const seen = await ask((session) => session.set('x'.repeat(4000)));
    expect([seen.status, stateOf(seen), seen.headers.get('limpet-version')]).toEqual([200, undefined, '1']);
    expect(puts).toHaveLength(1);
  });

  const REFUSED = [
    [409, 409, 'moved'],
    [410, 409, 'ended'],
    [413, 503, 'too-large'],
    [503, 503, 'unreachable'],
  ] as const;
  for (const [put, status, refused] of REFUSED) {
    it(`[SD42] a put refused with ${put}: ${status} ${refused} instead of the answer`, async () => {
      const seen = await setUp(put).ask((session) => session.set('x'.repeat(4000)));
      expect([seen.status, seen.headers.get('limpet-refused')]).toEqual([status, refused]);
      expect([seen.headers.get('set-cookie'), (await seen.json()).message]).toEqual([
        null,
        expect.any(String),
      ]);
    });
  }

  it('[SD43] a set after the answer is a clear error', async () => {
    let kept: FetchSession | undefined;
    await setUp().ask((session) => (kept = session));
    expect(() => kept?.set(1)).toThrow('Cannot set the session as its answer has been returned');
    expect(() => kept?.end()).toThrow('Cannot end the session as its answer has been returned');
  });

  it('[SD65] a state over 16 MiB is refused without being sent', async () => {
    const { ask, puts } = setUp();
    const refused = await ask((session) => session.set('x'.repeat(16 * 1024 * 1024)));
    expect([refused.status, (await refused.json()).code, puts]).toEqual([503, 'state_too_large', []]);
  });

  it('[SD43] what is not JSON cannot be set', async () => {
    await expect(setUp().ask((session) => session.set(undefined))).rejects.toThrow('must be a JSON value');
  });

  it('[SD44] end and rotate are said: an ended id is served no more, a rotated one not without a claim', async () => {
    for (const [verb, name, need] of [
      ['end', 'limpet-end', 'session'],
      ['rotate', 'limpet-rotate', 'state'],
    ] as const) {
      const { ask } = setUp();
      await ask((session) => session.set(1));
      const seen = await ask((session) => session[verb]());
      expect(seen.headers.get(name)).toBe('1');
      expect(stateOf(seen)).toEqual(verb === 'rotate' ? { v: 1, value: 1 } : undefined);
      const after = await ask(() => undefined, { sent: {} });
      expect([after.status, after.headers.get('limpet-need')]).toEqual([409, need]);
    }
  });

  it('[SD45] a read-only state is served, and every change refused', async () => {
    const state = Buffer.from('{"v":1,"value":"old"}').toString('base64url');
    const sent = { 'limpet-read-only': '9', 'limpet-state': state, 'limpet-version': '3' };
    const { ask } = setUp();
    let value: unknown;
    expect((await ask((session) => (value = session.get()), { sent })).status).toBe(200);
    expect(value).toBe('old');
    const refused = await ask((session) => session.set('new'), { sent });
    expect([refused.status, refused.headers.get('limpet-refused')]).toEqual([503, 'unreachable']);
  });

  it('[SD46] a state that another SDK wrote is not overwritten', async () => {
    const sent = {
      'limpet-state': Buffer.from('{"v":1,"records":{}}').toString('base64url'),
      'limpet-version': '3',
    };
    const seen = await setUp().ask((session) => session.set(1), { sent });
    expect([seen.status, (await seen.json()).code]).toEqual([503, 'state_unreadable']);
  });

  it('[SD47] a request that came past Limpet has a session of its own, and is not answered with headers', async () => {
    const serve = limpet((_request, session) => (session.set(1), new Response(String(session.get()))), {
      origin: 'a',
      key: KEY,
    });
    const seen = await serve(new Request('https://shop.example.com/'));
    expect([await seen.text(), seen.headers.get('limpet-state')]).toEqual(['1', null]);
  });
});
