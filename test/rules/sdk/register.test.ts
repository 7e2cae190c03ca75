import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromBase64url } from '../../../sdk/base64url.ts';
import { createRegistration, type RegisterOptions } from '../../../sdk/register.ts';

const contract = readFileSync(new URL('../../../docs/contract.md', import.meta.url), 'utf8');
const section = contract.slice(contract.indexOf('### Vectors of a registration'));
function vector(name: string): string {
  const row = section.split('\n').find((line) => line.startsWith(`| ${name}`));
  const found = row?.split('|')[2]?.trim().replaceAll('`', '');
  if (found === undefined) throw new Error(`docs/contract.md has no vector "${name}"`);
  return found;
}

interface Sent {
  readonly url: string;
  readonly method: string | undefined;
  readonly body: unknown;
  readonly signature: string;
}

let sent: Sent[];
let problems: string[];
let answers: (() => Response)[];
let now: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  sent = [];
  problems = [];
  answers = [];
  now = 1_794_000_000_000;
});
afterEach(() => vi.useRealTimers());

const leased = (leaseMs: number) => () => Response.json({ pool: 'shop', leaseMs });
const refused =
  (status: number, code: string, headers = {}) =>
  () =>
    Response.json({ code, message: code }, { status, headers });

const key = fromBase64url(vector('`LIMPET_KEY` of `web-7`')) ?? new Uint8Array();
const options = { limpet: 'https://shop.example.com/any', url: 'http://10.1.2.3:8080', leaseMs: 30_000 };
const register = (other: Partial<RegisterOptions> = {}) =>
  createRegistration(
    { ...options, ...other },
    {
      origin: 'web-7',
      key,
      instance: vector('`Limpet-Instance`'),
      now: () => now,
      onProblem: ({ code }) => void problems.push(code),
      fetch: async (url, { method, body, headers }) => {
        sent.push({ url, method, body, signature: new Headers(headers).get('limpet-signature') ?? '' });
        const answer = answers.shift() ?? leased(30_000);
        return answer();
      },
    },
  );
const calls = (count: number) => vi.waitFor(() => expect(sent).toHaveLength(count));

describe('an origin that registers itself', () => {
  it('[RG1] says what docs/contract.md says, vectors included', async () => {
    const registered = register();
    await registered.joined;
    expect(sent[0]).toEqual({
      url: 'https://shop.example.com/.limpet/origins/web-7',
      method: 'POST',
      body: vector('body'),
      signature: `v1.1794000000000.${vector('mac of a POST')}`,
    });
    now += 60_000;
    answers = [() => new Response(null, { status: 204 })];
    await registered.leave();
    expect(sent[1]).toMatchObject({
      method: 'DELETE',
      body: undefined,
      signature: `v1.1794000060000.${vector('mac of a DELETE')}`,
    });
  });

  it('[RG2] renews at a third of the lease that it was granted, until it leaves', async () => {
    answers = [leased(9_000), leased(9_000)];
    const registered = register();
    await registered.joined;
    await vi.advanceTimersByTimeAsync(2_999);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    await calls(2);
    await registered.leave();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'POST', 'DELETE']);
  });

  it('[RG4] signs by the clock of the edge where its own is off', async () => {
    answers = [refused(401, 'clock_differs', { 'limpet-time': '1794086400000' })];
    await register().joined;
    expect(sent.map(({ signature }) => signature.split('.')[1])).toEqual(['1794000000000', '1794086400000']);
    expect(problems).toEqual([]);
  });

  it('[RG10] goes on trying, and tells a problem once; one that another instance has replaced stops', async () => {
    const away = () => {
      throw new TypeError('connection refused');
    };
    answers = [away, away, refused(403, 'url_refused'), leased(30_000), refused(409, 'replaced')];
    const registered = register();
    for (let call = 2; call <= 4; call++) {
      await calls(call - 1);
      await vi.advanceTimersByTimeAsync(1_000);
      await calls(call);
    }
    await registered.joined;
    expect(problems).toEqual(['limpet_unreachable', 'url_refused']);
    await vi.advanceTimersByTimeAsync(10_000);
    await calls(5);
    await vi.waitFor(() => expect(problems.at(-1)).toBe('replaced'));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sent).toHaveLength(5);
  });

  it('[RG10] says at once what it was not given', () => {
    expect(() => register({ limpet: 'shop.example.com' })).toThrow(
      'Cannot register the origin: limpet (or LIMPET_URL) must be an http or https url, found "shop.example.com".',
    );
    expect(() => register({ url: '10.1.2.3:80' })).toThrow(
      'url must be an http or https url, found "10.1.2.3:80"',
    );
  });
});
