import { describe, expect, it } from 'vitest';
import { publicHeaders } from '../../../worker/steps/public-host.ts';
import { a, visitTo, type WorldOptions } from '../visit.ts';

async function turned(status: number, headers: [string, string][], options: WorldOptions = {}) {
  const visit = await visitTo({}, options);
  const out = new Headers(headers);
  publicHeaders(visit, a, status, out);
  return { headers: out, counted: visit.edge.counters.all() };
}
const location = async (value: string, status = 302) =>
  (await turned(status, [['location', value]])).headers.get('location');

describe('an answer that names its origin’s own host', () => {
  it.each([
    ['http://a.internal:9000/login?next=%2F#top', 'https://shop.example.com/login?next=%2F#top'],
    ['HTTP://A.Internal:9000/login', 'https://shop.example.com/login'],
    ['//a.internal:9000/login', '//shop.example.com/login'],
    ['http://a.internal:9000', 'https://shop.example.com'],
    ['http://a.internal:9000?page=1', 'https://shop.example.com?page=1'],
  ])('[PH1] Location %s is turned to the public host', async (value, expected) => {
    expect(await location(value)).toBe(expected);
  });

  it.each([
    'https://other.example/login',
    'http://a.internal/login',
    'http://a.internal:9000.evil.example/',
    'http://user@a.internal:9000/',
    '/login',
    'login',
    '//',
    'mailto:a.internal:9000',
    '/redirect?to=http://a.internal:9000/',
  ])('[PH2] Location %s is left as it is', async (value) => {
    expect(await location(value)).toBe(value);
  });

  it.each([
    [201, 'https://shop.example.com/made'],
    [308, 'https://shop.example.com/made'],
    [200, 'http://a.internal:9000/made'],
    [404, 'http://a.internal:9000/made'],
  ])('[PH3] with status %i its Location becomes %s', async (status, expected) => {
    expect(await location('http://a.internal:9000/made', status)).toBe(expected);
  });

  it('[PH4] Content-Location is turned whatever the status, and each turn is counted', async () => {
    const { headers, counted } = await turned(200, [['content-location', 'http://a.internal:9000/doc']]);
    expect(headers.get('content-location')).toBe('https://shop.example.com/doc');
    expect(counted).toEqual({ 'host_turned.content-location': 1 });
  });

  it('[PH5] the Domain of its cookies is turned, and the cookies are otherwise left alone, in order', async () => {
    const { headers } = await turned(200, [
      ['set-cookie', 'sid=1; Path=/; Domain=.a.internal; HttpOnly'],
      ['set-cookie', 'note=domain=a.internal; Path=/'],
      ['set-cookie', 'far=1; domain=example.com'],
      ['set-cookie', 'last=1;domain=A.INTERNAL'],
    ]);
    expect(headers.getSetCookie()).toEqual([
      'sid=1; Path=/; Domain=shop.example.com; HttpOnly',
      'note=domain=a.internal; Path=/',
      'far=1; domain=example.com',
      'last=1; Domain=shop.example.com',
    ]);
  });

  it('[PH6] nothing is turned where the operator does not want it', async () => {
    const { headers } = await turned(302, [['location', 'http://a.internal:9000/x']], {
      pool: { rewriteHost: false },
    });
    expect(headers.get('location')).toBe('http://a.internal:9000/x');
  });
});
