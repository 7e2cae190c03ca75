import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signedCookie } from './harness/forge.ts';
import { rawRequest } from './harness/raw-client.ts';
import { ok, type RawOrigin, startRawOrigin } from './harness/raw-origin.ts';
import { secrets } from './harness/secrets.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';
import type { Client } from './harness/client.ts';

const zipped = gzipSync('a page').toString('latin1');
const half = 'HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nContent-Length: 100\r\n\r\nhalf';
const answerLater: (() => void)[] = [];
let probes = 0;

/** More than a runtime takes and the kernel buffers, and an end for the test all the same. */
const endlessBytes = 16 * 1024 * 1024;
/** How many bytes of headers each connection was sent until it was closed. */
const flooded: number[] = [];

/** Header after header, as fast as they are taken. */
function flood(socket: Socket, bytes: number): void {
  const line = `X-Flood: ${'x'.repeat(1_000)}\r\n`;
  let sent = 0;
  socket.once('close', () => void flooded.push(sent));
  socket.write('HTTP/1.1 200 OK\r\n');
  const more = (): void => {
    if (socket.destroyed || sent >= bytes) return;
    sent += line.length;
    // Between two lines it is seen whether the connection is still there.
    socket.write(line, () => void setImmediate(more));
  };
  more();
}

let origin: RawOrigin;
let spare: RawOrigin;
let world: World;
let client: Client;
beforeAll(async () => {
  origin = await startRawOrigin({
    '/health': (socket) => (probes++, setTimeout(() => socket.write(ok('ok')), 100)),
    '/reset': (socket) => socket.resetAndDestroy(),
    '/reset-in-headers': (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nX-Half: ', () => socket.resetAndDestroy()),
    '/garbage': (socket) => socket.end('\u0016\u0003\u0001 not HTTP at all\r\n\r\n'),
    '/two-lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    '/close-early': (socket) => socket.end(half),
    '/reset-in-body': (socket) => socket.write(half, () => setImmediate(() => socket.resetAndDestroy())),
    '/chunk-cut': (socket) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    '/unasked-101': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    '/late': (socket) => answerLater.push(() => socket.write(ok('at last'))),
    '/slowish': (socket, head) =>
      void setTimeout(() => socket.write(ok('at last')), Number(/\?(\d+)/.exec(head)?.[1])),
    '/slow-body': (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n');
      for (let at = 0; at < 6; at++) setTimeout(() => socket.write(String(at)), 300 * (at + 1));
    },
    '/giant-headers': ok('giant', `X-Giant: ${'x'.repeat(100_000)}`),
    '/endless-headers': (socket) => flood(socket, endlessBytes),
    '/hints': `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n${ok('after hints')}`,
    '/trailers':
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n4\r\nbody\r\n0\r\nSet-Cookie: evil=1\r\n\r\n',
    '/no-content': 'HTTP/1.1 204 No Content\r\nX-Kept: yes\r\n\r\n',
    '/many-headers': ok('many', ...Array.from({ length: 400 }, (_, at) => `X-Header-${at}: ${at}`)),
    '/zipped': ok(zipped, 'Content-Encoding: gzip'),
    '/not-zipped': ok('plain after all', 'Content-Encoding: gzip'),
    '/only-state': ok('x', 'Limpet-State: e30', 'Limpet-Secret: 1'),
  });
  spare = await startRawOrigin({});
  const others = [
    { id: 'a', url: origin.url },
    { id: 'b', url: spare.url },
  ];
  const rest = { debug: 'token', forwarded: 'append' } as const;
  world = await startWorld({ origins: [], others, rest, pool: { fallback: { retryAfterS: 1 } } });
});
afterAll(async () => {
  await world?.end();
  await origin?.close();
  await spare?.close();
});
beforeEach(async () => {
  client = await guestOf('a');
});

async function guestOf(home: string): Promise<Client> {
  const guest = world.client();
  guest.jar.set('limpet', await signedCookie({ home }));
  return guest;
}

const token = { 'limpet-debug': secrets.ADMIN_TOKEN };
const codeOf = async (path: string, method = 'GET') => {
  const seen = await client.ask(path, { method, headers: { 'content-length': 0 } });
  return [seen.status, seen.headers['limpet-code']];
};
const isTrusted = async () => {
  const seen = await (await guestOf('a')).get('/plain', token);
  expect([seen.outcome, seen.home]).toEqual(['kept', 'a']);
};

describe('an answer that is none', () => {
  for (const path of ['/reset', '/reset-in-headers', '/garbage', '/two-lengths']) {
    it(`[FT1] ${path}: what may have been executed is not sent twice, and the origin stays trusted`, async () => {
      expect(await codeOf(path, 'POST')).toEqual([502, 'delivery_unknown']);
      expect(origin.count(path)).toBe(1);
      const [status = 0] = await codeOf(path);
      expect(status).toBeGreaterThanOrEqual(502);
      expect(origin.count(path)).toBeLessThanOrEqual(1 + 3);
      await isTrusted();
    });
  }

  it('[FT2] a 101 that nobody asked for is a 502, for every method, and is not tried again', async () => {
    expect(await codeOf('/unasked-101')).toEqual([502, 'protocol_error']);
    expect(await codeOf('/unasked-101', 'POST')).toEqual([502, 'protocol_error']);
    expect(origin.count('/unasked-101')).toBe(2);
    await isTrusted();
  });
});

describe('an answer that breaks off', () => {
  for (const path of ['/close-early', '/reset-in-body', '/chunk-cut']) {
    it(`[FT3] ${path}: stays broken off, and is never asked for again`, async () => {
      const seen = await client.get(path);
      expect([seen.status, seen.end]).toEqual([200, 'cut']);
      expect(origin.count(path)).toBe(1);
      await isTrusted();
    });
  }
});

it('[FT4] an answer that takes its time is waited for: the origin answers the probe of doubt meanwhile', async () => {
  const before = probes;
  const answer = client.get('/late');
  await until('the origin was probed', () => probes > before);
  await until('the request is there', () => answerLater.length > 0);
  for (const give of answerLater) give();
  expect(await answer).toMatchObject({ status: 200, body: 'at last' });
  expect(origin.count('/late')).toBe(1);
});

it('[FT7] a request that waits with another for its probe of doubt does not lose it when that one ends', async () => {
  const [quick, slow] = [await guestOf('a'), await guestOf('a')];
  await Promise.all([quick.get('/plain'), slow.get('/plain')]);
  const asked = quick.get('/slowish?340', token);
  const waiting = slow.get('/slowish?1200', token);
  for (const seen of [await asked, await waiting]) {
    expect([seen.status, seen.outcome, seen.headers['limpet-attempts']]).toEqual([200, 'kept', '1']);
  }
  await isTrusted();
});

it('[FT8] a body that takes its time is waited for, in one attempt', async () => {
  expect(await client.get('/slow-body')).toMatchObject({ status: 200, body: '012345', end: 'complete' });
  expect(origin.count('/slow-body')).toBe(1);
  await isTrusted();
});

it('[FT9] giant headers pass as they are', async () => {
  const lines = ['GET /giant-headers HTTP/1.1', 'Host: shop.test', `Cookie: ${client.jar.header()}`];
  const seen = await rawRequest(world.dev.port, lines);
  expect([seen.status, seen.header('x-giant')[0]?.length]).toEqual([200, 100_000]);
  await isTrusted();
});

it('[FT10] headers without end: the runtime closes that connection, which counts as lost', async () => {
  expect(await codeOf('/endless-headers', 'POST')).toEqual([502, 'delivery_unknown']);
  expect(origin.count('/endless-headers')).toBe(1);
  await until('the connection is closed', () => flooded.length > 0);
  expect(flooded[0]).toBeLessThan(endlessBytes);
  await isTrusted();
});

describe('answers with something unusual', () => {
  it('[FT5] early hints are tolerated', async () => {
    expect(await client.get('/hints')).toMatchObject({ status: 200, body: 'after hints' });
  });

  it('[FT5] trailers are dropped', async () => {
    const seen = await rawRequest(world.dev.port, [
      'GET /trailers HTTP/1.1',
      'Host: shop.test',
      'TE: trailers',
      `Cookie: ${client.jar.header()}`,
    ]);
    expect([seen.status, seen.text.includes('body'), seen.text.includes('evil')]).toEqual([200, true, false]);
  });

  it('[FT5] an answer without a body has none', async () => {
    expect(await client.get('/no-content')).toMatchObject({ status: 204, body: '', end: 'complete' });
  });

  it('[FT5] hundreds of headers pass', async () => {
    expect((await client.get('/many-headers')).headers['x-header-399']).toBe('399');
  });

  it('[FT6] an encoded body passes as it is, also one that is not what it says', async () => {
    for (const [path, body] of [
      ['/zipped', zipped],
      ['/not-zipped', 'plain after all'],
    ] as const) {
      for (const cookie of [
        client.jar.header(),
        `limpet=${await signedCookie({ home: 'a', incarnation: 7 })}`,
      ]) {
        const lines = [
          `GET ${path} HTTP/1.1`,
          'Host: shop.test',
          'Accept-Encoding: gzip',
          `Cookie: ${cookie}`,
        ];
        const seen = await rawRequest(world.dev.port, lines);
        expect([path, seen.status, seen.header('content-encoding')]).toEqual([path, 200, ['gzip']]);
        expect(seen.text.endsWith(body)).toBe(true);
      }
    }
  });
});

describe('with debug: token', () => {
  const ours = (headers: object) => Object.keys(headers).filter((name) => name.startsWith('limpet'));

  it('[HD11] no limpet-* reaches a client, whatever the origin sends', async () => {
    for (const path of ['/plain', '/only-state']) {
      const known = await client.get(path);
      const moved = await world
        .client()
        .get(path, { cookie: `limpet=${await signedCookie({ home: 'a', incarnation: 7 })}` });
      expect([path, ours(known.headers), ours(moved.headers)]).toEqual([path, [], []]);
    }
  });

  it('[HD14] the token shows them, a wrong one does not', async () => {
    expect(ours((await client.get('/plain', token)).headers)).toContain('limpet-outcome');
    expect(ours((await client.get('/plain', { 'limpet-debug': 'wrong' })).headers)).toEqual([]);
    expect(origin.heads.join('\n')).not.toContain(secrets.ADMIN_TOKEN);
  });
});

it('[HD15] forwarded: append keeps what a trusted proxy said', async () => {
  const sent = [
    'X-Forwarded-For: 6.6.6.6',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: www.test',
    'Forwarded: for=6.6.6.6',
  ];
  await rawRequest(world.dev.port, [
    'GET /appended HTTP/1.1',
    'Host: shop.test',
    `Cookie: ${client.jar.header()}`,
    ...sent,
  ]);
  const head = origin.heads.find((one) => one.includes('/appended')) ?? '';
  expect(head).toMatch(/x-forwarded-for: 6\.6\.6\.6, 127\.0\.0\.1$/im);
  expect(head).toMatch(/x-forwarded-proto: https$/im);
  expect(head).toMatch(/x-forwarded-host: www\.test$/im);
  expect(head).toMatch(/forwarded: for=6\.6\.6\.6, for=127\.0\.0\.1;host="shop\.test";proto=http$/im);
});
