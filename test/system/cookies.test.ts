import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Seen } from './harness/client.ts';
import { sessionIn, signedCookie } from './harness/forge.ts';
import { rawRequest } from './harness/raw-client.ts';
import { secrets } from './harness/secrets.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ origins: ['a', 'b'] });
});
afterAll(() => world?.end());

const visitWith = (...values: string[]): Promise<Seen> =>
  world.client().get('/who', { cookie: values.map((value) => `limpet=${value}`).join('; ') });

/** A visitor who has been here before, with something in the cart. */
async function regular(): Promise<{ client: Client; value: string }> {
  const client = world.client();
  await client.get('/cart');
  await client.post('/cart?item=kept');
  return { client, value: client.jar.get('limpet') ?? '' };
}

/** What became of a cookie that counts as none; `leaked` where its session went on. */
function treated(seen: Seen, session: string): string {
  const leaked = String(seen.headers['set-cookie']).includes(session) ? 'leaked' : 'replaced';
  return [seen.status, seen.outcome, seen.reason, ...seen.cookies, leaked].join(' ');
}

const forgedOrMalformed = /^200 assigned cookie_(forged|malformed) limpet replaced$/;
const noneFor = (reason: string) => `200 assigned ${reason} limpet replaced`;

describe('a cookie that is not right counts as none, says why, and is replaced', () => {
  it('[CK1] forged: a flipped character, wherever it is', async () => {
    const { value } = await regular();
    for (let at = 0; at < value.length; at += 1) {
      const other = value[at] === 'A' ? 'B' : 'A';
      const seen = await visitWith(value.slice(0, at) + other + value.slice(at + 1));
      expect(treated(seen, value)).toMatch(forgedOrMalformed);
    }
  });

  it('[CK1] parts of two valid cookies put together', async () => {
    const [one, two] = [(await regular()).value.split('.'), (await regular()).value.split('.')];
    for (let at = 1; at < one.length; at += 1) {
      if (one[at] === two[at]) continue;
      const mixed = [...one.slice(0, at), two[at], ...one.slice(at + 1)].join('.');
      expect(treated(await visitWith(mixed), mixed)).toBe(noneFor('cookie_forged'));
    }
  });

  it('[CK2] truncated', async () => {
    const { value } = await regular();
    for (const length of [1, 10, 40, value.length - 23, value.length - 22, value.length - 1]) {
      expect(treated(await visitWith(value.slice(0, length)), value)).toMatch(forgedOrMalformed);
    }
  });

  it('[CK2] of another pool', async () => {
    const value = await signedCookie({ home: 'a', pool: 'other' });
    expect(treated(await visitWith(value), sessionIn(value))).toBe(noneFor('cookie_forged'));
  });

  it('[CK2] idle for too long, or older than the absolute limit', async () => {
    const idle = await signedCookie({ home: 'a', started: 2_000, renewed: 1_801 });
    expect(treated(await visitWith(idle), sessionIn(idle))).toBe(noneFor('cookie_expired'));
    const old = await signedCookie({ home: 'a', started: 12 * 3_600 + 1, renewed: 0 });
    expect(treated(await visitWith(old), sessionIn(old))).toBe(noneFor('cookie_expired'));
  });

  it('[CK2] oversized', async () => {
    const { value } = await regular();
    expect(treated(await visitWith(value + 'x'.repeat(4_000)), value)).toBe(noneFor('cookie_oversized'));
  });
});

describe('several cookies of the name', () => {
  it('[CK3] a valid one counts, wherever a forged one stands, and the forged one is not replaced', async () => {
    const { value } = await regular();
    for (const values of [
      [value, 'forged'],
      ['forged', value],
    ]) {
      const seen = await visitWith(...values);
      expect([seen.status, seen.outcome, seen.cookies]).toEqual([200, 'kept', []]);
    }
  });

  it('[CK3] of two valid ones the newest epoch wins', async () => {
    const session = sessionIn(await signedCookie({ home: 'a' }));
    const older = await signedCookie({ home: 'a', session, epoch: 1 });
    const newer = await signedCookie({ home: 'b', session, epoch: 2 });
    for (const values of [
      [older, newer],
      [newer, older],
    ]) {
      const seen = await visitWith(...values);
      expect([seen.outcome, seen.home, seen.headers['limpet-epoch']]).toEqual(['kept', 'b', '2']);
    }
  });

  it('[CK3] in two Cookie fields', async () => {
    const [value, other] = [await signedCookie({ home: 'b' }), await signedCookie({ home: 'a', pool: 'x' })];
    for (const [one, two] of [
      [value, other],
      [other, value],
    ]) {
      const lines = [
        'GET /headers HTTP/1.1',
        'Host: shop.test',
        `Cookie: theme=dark; limpet=${one}`,
        `Cookie: limpet=${two}; lang=en`,
      ];
      const seen = await rawRequest(world.dev.port, lines);
      expect([seen.status, ...seen.header('limpet-origin')]).toEqual([200, 'b']);
      expect(seen.text).toContain('"Cookie","theme=dark; lang=en"');
      expect(seen.text).not.toContain('limpet=');
    }
  });

  it('[CK4] whatever stands in the header, the request is served', async () => {
    const { value } = await regular();
    const odd = [
      ';',
      ',',
      '=',
      '=;=',
      'a=;'.repeat(2_000),
      '"',
      'limpet',
      'limpet=',
      'limpet="',
      `limpet="${value}`,
      '; ; ;,,,',
    ];
    const many = Array.from({ length: 1_000 }, (_, at) => `c${at}=1`).join('; ');
    const copies = Array.from({ length: 50 }, () => `limpet=${value}x`).join('; ');
    for (const cookie of [...odd, many, copies, 'x=\u00e9\u00ff', `limpet=\u00e9${value}`]) {
      const seen = await world.client().get('/who', { cookie });
      expect([cookie.slice(0, 40), seen.status]).toEqual([cookie.slice(0, 40), 200]);
    }
    expect((await visitWith(`"${value}"`)).outcome).toBe('kept');
  });
});

describe('when the first cookie is set', () => {
  const asset = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'style' };

  it('[CK5] with a page, the origin’s own cookie, or a state', async () => {
    const page = await world.client().get('/who', { 'sec-fetch-mode': 'navigate' });
    expect(page.cookies).toEqual(['limpet']);
    expect(page.headers['set-cookie']?.[0]).toMatch(/^limpet=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(page.headers['set-cookie']?.[0]?.length).toBeLessThan(512);
    expect((await world.client().get('/who')).cookies).toEqual(['limpet']);
    expect((await world.client().get('/cookies', asset)).cookies).toContain('limpet');
    expect((await world.client().post('/cart?item=1', asset)).cookies).toEqual(['connect.sid', 'limpet']);
  });

  it('[CK6] never with an asset, nor with what a shared cache may keep', async () => {
    expect((await world.client().get('/asset/a.css', asset)).cookies).toEqual([]);
    expect((await world.client().get('/cacheable')).cookies).toEqual([]);
    const own = await world.client().get('/public-cookie');
    expect([own.cookies, own.headers['cache-control']]).toEqual([['own'], 'public, max-age=600']);
  });

  it('[CK7] nothing is set while nothing changes', async () => {
    const { client } = await regular();
    for (const path of ['/cart', '/who', '/asset/a.css', '/unchanged', '/cacheable']) {
      expect([path, (await client.get(path)).cookies]).toEqual([path, []]);
    }
  });

  it('[CK8] it is renewed after a quarter of the idle time, for the same session and home', async () => {
    const { client, value } = await regular();
    const session = sessionIn(value);
    const home = (await client.get('/who')).home ?? '';
    const young = await signedCookie({ home, session, started: 500, renewed: 440 });
    expect((await visitWith(young)).cookies).toEqual([]);
    const due = await signedCookie({ home, session, started: 500, renewed: 460 });
    const seen = await visitWith(due);
    expect([seen.outcome, seen.home, seen.cookies]).toEqual(['kept', home, ['limpet']]);
    expect(sessionIn(seen.headers['set-cookie']?.[0])).toBe(session);
  });
});

it('[CK9] a second key in front: sessions stay, new cookies are signed with it', async () => {
  const { client, value } = await regular();
  const before = await client.get('/cart');
  const fresh = 'a-second-cookie-key-of-the-system-tests-98765';
  await world.dev.restart({ COOKIE_KEYS: `${fresh},${secrets.COOKIE_KEYS}` });
  const after = await client.get('/cart');
  expect([after.status, after.outcome, after.home]).toEqual([200, 'kept', before.home]);
  expect(after.json<{ items: string[] }>().items).toEqual(['kept']);

  const newcomer = world.client();
  await newcomer.get('/cart');
  await world.dev.restart({ COOKIE_KEYS: fresh });
  expect((await newcomer.get('/cart')).outcome).toBe('kept');
  expect(treated(await visitWith(value), sessionIn(value))).toBe(noneFor('cookie_forged'));
});
