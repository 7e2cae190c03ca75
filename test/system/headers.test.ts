import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedCookie } from './harness/forge.ts';
import { rawRequest } from './harness/raw-client.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ origins: ['a', 'b'] });
});
afterAll(() => world?.end());

interface Arrived {
  readonly method: string;
  readonly raw: readonly string[];
}

/** Sends raw lines to the echo, and says what reached the origin: name in lower case, value. */
async function arriving(
  lines: readonly string[],
  request = 'GET /headers HTTP/1.1',
): Promise<[string, string][]> {
  const seen = await rawRequest(world.dev.port, [request, 'Host: shop.test', ...lines]);
  expect(seen.status).toBe(200);
  const { raw }: Arrived = JSON.parse(seen.text.slice(seen.text.indexOf('\r\n\r\n')));
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1] ?? '']] : []));
}

const named = (fields: readonly [string, string][], name: string) =>
  fields.filter(([one]) => one === name).map(([, value]) => value);

describe('what reaches the origin', () => {
  it('[HD1] not the fields that Connection lists, nor other hop-by-hop fields; ours stay', async () => {
    const fields = await arriving([
      'Connection: close, X-Private, X-Forwarded-For, Via, Limpet-Session, X-Forwarded-Host',
      'X-Private: 1',
      'X-Forwarded-For: 6.6.6.6',
      'Keep-Alive: timeout=5',
      'Proxy-Authorization: Basic x',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'X-Public: 2',
    ]);
    const names = fields.map(([name]) => name);
    for (const gone of ['x-private', 'proxy-authorization', 'proxy-connection', 'te', 'keep-alive']) {
      expect(names).not.toContain(gone);
    }
    expect(named(fields, 'x-public')).toEqual(['2']);
    expect(named(fields, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(named(fields, 'x-forwarded-host')).toEqual(['shop.test']);
    expect(named(fields, 'via')).toHaveLength(1);
    expect(named(fields, 'limpet-session')).toHaveLength(1);
  });

  it('[HD2] no limpet-* of the client, in any spelling', async () => {
    const spellings = [
      'Limpet-Session',
      'limpet-epoch',
      'LIMPET-STATE',
      'limpet_session',
      'Limpet_Epoch',
      'LIMPET_API',
      'Limpet-New',
      'limpet-Version',
      'limpet_read_only',
      'Limpet-Read-Only',
      'limpet-restore',
      'lImPeT-ReLeAsE',
      'Limpet-Signature',
      'limpet-anything',
      'limpet_',
    ];
    const cookie = `limpet=${await signedCookie({ home: 'a', epoch: 3 })}`;
    const lines = [...spellings, ...spellings].map((name) => `${name}: forged`);
    const fields = await arriving([...lines, 'Limpet-Session:\tforged', `Cookie: ${cookie}`]);
    const ours = fields.filter(([name]) => name.startsWith('limpet'));
    expect(ours.map(([name]) => name).sort()).toEqual([
      'limpet-api',
      'limpet-epoch',
      'limpet-session',
      'limpet-signature',
    ]);
    expect(named(fields, 'limpet-epoch')).toEqual(['3']);
    expect(fields.some(([, value]) => value.includes('forged'))).toBe(false);
  });

  it('[HD3] not Limpet’s cookie; the others as they came', async () => {
    const value = await signedCookie({ home: 'a' });
    const only = await arriving([`Cookie: limpet=${value}`]);
    expect(named(only, 'cookie')).toEqual([]);
    const mixed = await arriving([`Cookie: a="x, y"; limpet=${value}; limpets=1; b=2=3`]);
    expect(named(mixed, 'cookie')).toEqual(['a="x, y"; limpets=1; b=2=3']);
  });

  it('[HD4] true X-Forwarded-* and Forwarded in place of the client’s own', async () => {
    const fields = await arriving([
      'X-Forwarded-For: 6.6.6.6',
      'X_Forwarded_For: 6.6.6.6',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: evil.test',
      'X-Forwarded-Port: 1',
      'X-Forwarded-Prefix: /evil',
      'X-Real-IP: 6.6.6.6',
      'Forwarded: for=6.6.6.6;host=evil.test',
    ]);
    expect(named(fields, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(named(fields, 'x-forwarded-proto')).toEqual(['http']);
    expect(named(fields, 'x-forwarded-host')).toEqual(['shop.test']);
    expect(named(fields, 'forwarded')).toEqual(['for=127.0.0.1;host="shop.test";proto=http']);
    expect(JSON.stringify(fields)).not.toMatch(/6\.6\.6\.6|evil/);
  });

  it('[HD5] a request that has come through here before is a loop: 508', async () => {
    const fields = await arriving(['Via: 1.0 fred']);
    const [via = ''] = named(fields, 'via');
    expect(via).toMatch(/^1\.0 fred, 1\.1 limpet-[\w-]+$/);
    const again = await world.client().get('/headers', { via });
    expect([again.status, again.headers['limpet-code']]).toEqual([508, 'loop_detected']);
  });
});

describe('methods', () => {
  it('[HD6] TRACE is turned away with 405, and CONNECT leads nowhere', async () => {
    const trace = await rawRequest(world.dev.port, [
      'TRACE /headers HTTP/1.1',
      'Host: shop.test',
      'Cookie: secret=1',
    ]);
    expect([trace.status, trace.text.includes('secret')]).toEqual([405, false]);
    // The runtime answers CONNECT by itself: no Worker sees it.
    const connect = await rawRequest(world.dev.port, [
      'CONNECT shop.test:443 HTTP/1.1',
      'Host: shop.test:443',
    ]);
    expect([405, 500]).toContain(connect.status);
  });

  it('[HD7] all others pass; HEAD has no body, and a GET may have one', async () => {
    const client = world.client();
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT']) {
      const seen = await client.ask('/headers', { method, headers: { 'content-length': 0 } });
      expect([method, seen.status, seen.json<Arrived>().method]).toEqual([method, 200, method]);
    }
    const head = await client.ask('/headers', { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length'] !== undefined]).toEqual([200, '', true]);
    const lines = ['GET /headers HTTP/1.1', 'Host: shop.test', 'Content-Length: 5'];
    expect((await rawRequest(world.dev.port, lines, 'hello')).status).toBe(200);
  });

  it('[HD8] Range and conditional requests are the origin’s to answer', async () => {
    const client = world.client();
    const part = await client.get('/ranged', { range: 'bytes=0-3' });
    expect([part.status, part.headers['content-length'], part.body]).toEqual([206, '4', '{\n  ']);
    const whole = await client.get('/ranged');
    const same = await client.get('/ranged', { 'if-none-match': String(whole.headers.etag) });
    expect([same.status, same.body, same.headers.etag]).toEqual([304, '', whole.headers.etag]);
  });
});

describe('what reaches the client', () => {
  it('[HD9] the origin’s Set-Cookie lines byte for byte, and ours after them', async () => {
    const seen = await world.client().get('/cookies?domain=else.test');
    const [one, two, three, ours, ...more] = seen.headers['set-cookie'] ?? [];
    expect([one, two, three, more]).toEqual([
      'one=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/',
      'two="a, b"; HttpOnly',
      'three=3; Domain=else.test; Path=/x',
      [],
    ]);
    expect(ours).toMatch(/^limpet=/);
  });

  it('[HD10] redirects as they are, an origin’s own host in them turned to the public one', async () => {
    const client = world.client();
    const { home } = await client.get('/who');
    const own = world.origin(home).url;
    const follow = async (to: string, status = 302) => {
      const seen = await client.get(`/redirect?status=${status}&to=${encodeURIComponent(to)}`, {
        host: 'shop.test',
      });
      return [seen.status, seen.headers.location];
    };
    expect(await follow(`${own}/x?y=1`)).toEqual([302, 'http://shop.test/x?y=1']);
    expect(await follow(own, 301)).toEqual([301, 'http://shop.test']);
    expect(await follow(`${own.replace('http:', '')}/x`, 307)).toEqual([307, '//shop.test/x']);
    expect(await follow(`${own}/made`, 201)).toEqual([201, 'http://shop.test/made']);
    expect(await follow('/x')).toEqual([302, '/x']);
    expect(await follow('https://pay.test/?back=' + own)).toEqual([302, `https://pay.test/?back=${own}`]);
    const located = await client.get(`/located?at=${encodeURIComponent(`${own}/doc`)}`, {
      host: 'shop.test',
    });
    expect(located.headers['content-location']).toBe('http://shop.test/doc');
    const cookies = await client.get('/cookies?domain=127.0.0.1', { host: 'shop.test' });
    expect(cookies.headers['set-cookie']?.[2]).toBe('three=3; Domain=shop.test; Path=/x');
  });

  it('[HD11] nothing of the contract', async () => {
    const seen = await world.client().get('/contract-headers');
    const names = Object.keys(seen.headers).filter((name) => name.startsWith('limpet'));
    expect(names.sort()).toEqual([
      'limpet-attempts',
      'limpet-epoch',
      'limpet-origin',
      'limpet-outcome',
      'limpet-reason',
    ]);
    expect(seen.outcome).toBe('assigned');
  });

  it('[HD12] a cookie that must go out makes a cacheable answer private', async () => {
    const moved = await signedCookie({ home: 'a', incarnation: 9 });
    const seen = await world.client().get('/cacheable', { cookie: `limpet=${moved}` });
    expect([seen.status, seen.cookies, seen.headers['cache-control']]).toEqual([200, ['limpet'], 'private']);
  });
});

it('[HD13] 12 KB of cookies and a restore at once do not become a 431', async () => {
  const client = world.client();
  const jar = `big=${'c'.repeat(12_000)}`;
  await client.get('/cart');
  await client.post('/cart?item=1&kb=2');
  const { home } = await client.get('/cart');
  await world.origin(home).kill();
  const seen = await client.get('/cart', { cookie: `${client.jar.header()}; ${jar}` });
  expect([seen.status, seen.home === home]).toEqual([200, false]);
  expect(seen.json<{ items: string[] }>().items).toEqual(['1']);
  await world.origin(home).start();
});
