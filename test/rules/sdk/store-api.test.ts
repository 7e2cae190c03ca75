import { describe, expect, it } from 'vitest';
import { createStoreApi } from '../../../sdk/store-api.ts';

interface Call {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Headers;
}

const target = { apiUrl: 'http://store/sessions/id', capability: 'cap' };
const at = {
  epoch: 2,
  version: 5,
  state: new Uint8Array([1, 2]),
  subject: undefined,
  when: 'before the answer',
} as const;

function setUp(answers: (() => Response)[], deadlineMs = 1000) {
  const calls: Call[] = [];
  const problems: string[] = [];
  let nonces = 0;
  const api = createStoreApi({
    instance: 'instance-1234567',
    deadlineMs,
    nonce: () => `nonce-${(nonces += 1)}`,
    onProblem: ({ code }) => problems.push(code),
    async fetch(url, init) {
      calls.push({ url, method: init.method, headers: new Headers(init.headers) });
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (!next) throw new TypeError('fetch failed');
      return next();
    },
  });
  return { api, calls, problems };
}

const answer =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify({ code, message: '' }), { status, headers });
const broken = (): Response => {
  throw new TypeError('fetch failed');
};

describe('claim', () => {
  const claimed = () => new Response('state', { headers: { 'limpet-epoch': '3', 'limpet-version': '7' } });

  it('[SD15] is repeated with the same nonce, and the next one has another', async () => {
    const { api, calls } = setUp([broken, answer(503, 'store_unreachable'), claimed]);
    const result = await api.claim(target, 2);
    expect(result).toEqual({
      kind: 'claimed',
      epoch: 3,
      version: 7,
      state: new TextEncoder().encode('state'),
    });
    await api.claim(target, 3);
    const nonces = calls.map(({ headers }) => headers.get('limpet-request'));
    expect(nonces).toEqual(['nonce-1', 'nonce-1', 'nonce-1', 'nonce-2']);
    expect(calls[0]).toMatchObject({ url: 'http://store/sessions/id/claim', method: 'POST' });
    expect(Object.fromEntries(calls[0]?.headers ?? [])).toMatchObject({
      authorization: 'Bearer cap',
      'limpet-epoch': '2',
      'limpet-instance': 'instance-1234567',
    });
  });

  const TABLE = [
    [answer(409, 'claimed', { 'limpet-epoch': '9' }), { kind: 'newer', epoch: 9 }],
    [answer(409, 'elsewhere', { 'limpet-epoch': '9' }), { kind: 'elsewhere' }],
    [answer(410, 'session_ended'), { kind: 'ended' }],
    [answer(401, 'capability_invalid'), { kind: 'unreachable' }],
    [() => new Response('state'), { kind: 'unreachable' }],
    [answer(302, ''), { kind: 'unreachable' }],
  ] as const;
  for (const [given, result] of TABLE) {
    it(`[SD16] ${given().status} → ${result.kind}`, async () => {
      expect(await setUp([given]).api.claim(target, 2)).toEqual(result);
    });
  }
});

describe('put', () => {
  const TABLE = [
    [200, { kind: 'stored' }],
    [409, { kind: 'refused', reason: 'moved' }],
    [410, { kind: 'refused', reason: 'ended' }],
    [413, { kind: 'refused', reason: 'too-large' }],
    [401, { kind: 'refused', reason: 'unreachable' }],
    [400, { kind: 'refused', reason: 'unreachable' }],
  ] as const;
  for (const [status, result] of TABLE) {
    it(`[SD17] ${status} → ${'reason' in result ? result.reason : result.kind}, at once`, async () => {
      const { api, calls, problems } = setUp([answer(status, 'code')]);
      expect(await api.put(target, at)).toEqual(result);
      expect(calls).toHaveLength(1);
      expect(problems).toEqual([401, 400].includes(status) ? ['store_answer_strange'] : []);
    });
  }

  it('[SD18] no answer within the deadline, however often it is asked → unreachable', async () => {
    const { api, calls } = setUp([broken], 60);
    expect(await api.put(target, at)).toEqual({ kind: 'refused', reason: 'unreachable' });
    expect(calls.length).toBeGreaterThan(1);
  });
});
