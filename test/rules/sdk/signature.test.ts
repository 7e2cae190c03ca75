import { readFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../../sdk/base64url.ts';
import type { ArrivingRequest } from '../../../sdk/headers.ts';
import { createSignatureCheck } from '../../../sdk/signature.ts';
import { KEY, SESSION, sentRequest } from './sent-request.ts';

const contract = readFileSync(new URL('../../../docs/contract.md', import.meta.url), 'utf8');

/** A row of the table under "Vectors": `| name | \`value\` |`. */
function vector(name: string): string {
  const row = contract
    .slice(contract.indexOf('### Vectors'))
    .split('\n')
    .find((line) => line.startsWith(`| ${name}`));
  const value = row?.split('|')[2]?.trim().replaceAll('`', '');
  if (!value) throw new Error(`docs/contract.md has no vector "${name}"`);
  return value;
}

const key = (text: string) => fromBase64url(text) ?? new Uint8Array(0);

function request(
  method: string,
  target: string,
  mac: string,
  others: Record<string, string>,
): ArrivingRequest {
  const headers: Record<string, string> = {
    'limpet-session': vector('`Limpet-Session`'),
    'limpet-api': vector('`Limpet-Api`'),
    'limpet-signature': `v1.${vector('bucket')}.${mac}`,
    ...others,
  };
  return { method, target, header: (name) => headers[name] };
}

describe('the vectors of docs/contract.md', () => {
  const check = () => createSignatureCheck(key(vector('`LIMPET_KEY`')));

  it('[SD1] the key is derived from secret, pool and origin', () => {
    const [, secret = ''] = /`ORIGIN_SECRET` = `([^`]+)`/.exec(contract) ?? [];
    const derived = createHmac('sha256', secret).update('limpet-origin-v1\nshop\na').digest();
    expect(toBase64url(derived)).toBe(vector('`LIMPET_KEY`'));
  });

  it('[SD1] a GET, a POST and a restored state verify', async () => {
    const get = request('GET', '/any', vector('mac of a GET at epoch 3'), { 'limpet-epoch': '3' });
    const head = request('HEAD', '/other', vector('mac of a GET at epoch 3'), { 'limpet-epoch': '3' });
    const post = request('POST', '/cart?item=1', vector('mac of `POST'), { 'limpet-epoch': '3' });
    const state = { 'limpet-epoch': '4', 'limpet-state': 'eyJjYXJ0IjpbMV19', 'limpet-version': '7' };
    const restored = request('GET', '/', vector('mac of a GET at epoch 4'), state);
    for (const sent of [get, head, post, restored]) expect(await check().verify(sent)).toBe(true);
  });
});

describe('what is signed', () => {
  const check = createSignatureCheck(key(KEY));
  const sent = sentRequest({ method: 'POST', target: '/cart?item=1', sent: { 'limpet-new': '1' } });
  const changes: Record<string, Partial<ArrivingRequest> & { headers?: Record<string, string> }> = {
    'another session': { headers: { 'limpet-session': SESSION.replace('x', 'y') } },
    'another epoch': { headers: { 'limpet-epoch': '4' } },
    'another api': { headers: { 'limpet-api': 'http://evil.example/ cap' } },
    'another target': { target: '/cart?item=2' },
    'another method': { method: 'PUT' },
    'a safe method': { method: 'GET' },
    'an added header': { headers: { 'limpet-release': '1' } },
    'an added state': { headers: { 'limpet-state': 'eyJ9', 'limpet-version': '9' } },
    'another bucket': {
      headers: { 'limpet-signature': sent.headers['limpet-signature']?.replace('v1.299', 'v1.298') ?? '' },
    },
    'no signature': { headers: { 'limpet-signature': '' } },
    'another version': {
      headers: { 'limpet-signature': sent.headers['limpet-signature']?.replace('v1', 'v2') ?? '' },
    },
  };
  for (const [name, { headers = {}, ...change }] of Object.entries(changes)) {
    it(`[SD2] ${name} does not verify`, async () => {
      const all = { ...sent.headers, ...headers };
      expect(await check.verify({ ...sent, ...change, header: (header) => all[header] })).toBe(false);
      expect(await check.verify(sent)).toBe(true);
    });
  }

  it('[SD2] a name in the place of a header value is not taken for one', async () => {
    const moved = { ...sent.headers, 'limpet-new': '', 'limpet-release': '' };
    expect(
      await check.verify({ ...sent, header: (header: string) => moved[header as keyof typeof moved] }),
    ).toBe(false);
  });
});

describe('freshness', () => {
  it('[SD3] a bucket more than two below the newest that verified is refused, without a clock', async () => {
    const check = createSignatureCheck(key(KEY));
    expect(await check.verify(sentRequest({ bucket: 100 }))).toBe(true);
    expect(await check.verify(sentRequest({ bucket: 110 }))).toBe(true);
    expect(await check.verify(sentRequest({ bucket: 108 }))).toBe(true);
    expect(await check.verify(sentRequest({ bucket: 107 }))).toBe(false);
  });

  it('[SD3] a bucket that did not verify makes nothing old', async () => {
    const check = createSignatureCheck(key(KEY));
    const sent = sentRequest({ bucket: 100 });
    const forged = { ...sent.headers, 'limpet-signature': `v1.999.${'A'.repeat(43)}` };
    expect(
      await check.verify({ ...sent, header: (name: string) => forged[name as keyof typeof forged] }),
    ).toBe(false);
    expect(await check.verify(sent)).toBe(true);
  });

  it('[SD3] a request that verified before is still refused once it is old', async () => {
    const check = createSignatureCheck(key(KEY));
    const old = sentRequest({ bucket: 100 });
    expect(await check.verify(old)).toBe(true);
    expect(await check.verify(sentRequest({ bucket: 103, session: `y${SESSION.slice(1)}` }))).toBe(true);
    expect(await check.verify(old)).toBe(false);
  });
});
