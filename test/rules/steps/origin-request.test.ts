import { beforeAll, describe, expect, it } from 'vitest';
import { originRequest } from '../../../worker/steps/origin-request.ts';
import { a, createWorld, type RequestLike, visitTo, type WorldOptions, type World } from '../visit.ts';

const client = { 'cf-connecting-ip': '192.0.2.7' };

async function sent(request: RequestLike, options: WorldOptions = {}, contract: Record<string, string> = {}) {
  const { url, init } = originRequest(await visitTo(request, options), a, contract);
  return { url, init, headers: Object.fromEntries(new Headers(init.headers)) };
}

describe('headers that belong to the client’s connection', () => {
  it.each([
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'http2-settings',
    'host',
    'content-length',
    'expect',
  ])('[FH1] %s does not arrive', async (name) => {
    const { headers } = await sent({ headers: { [name]: 'x', 'x-own': 'kept' } });
    expect(headers).not.toHaveProperty(name);
    expect(headers).toHaveProperty('x-own', 'kept');
  });

  it('[FH2] what Connection lists does not arrive, and cannot take away what Limpet adds', async () => {
    const listed = 'close, X-Drop ,x-forwarded-for,Limpet-Session, via';
    const headers = { ...client, connection: listed, 'x-drop': '1', 'x-dropped-not': '1' };
    const arrived = (await sent({ headers }, {}, { 'limpet-session': 'ours' })).headers;
    expect(arrived).not.toHaveProperty('x-drop');
    expect(arrived).toMatchObject({
      'x-dropped-not': '1',
      'x-forwarded-for': '192.0.2.7',
      'limpet-session': 'ours',
    });
    expect(arrived['via']).toMatch(/^1\.1 limpet-[\w-]{8}$/);
  });

  it('[FH3] an upgrade is passed on', async () => {
    const { headers } = await sent({
      headers: { connection: 'keep-alive, Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'k' },
    });
    expect(headers).toMatchObject({ upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': 'k' });
  });

  it('[FH3] any other upgrade is not: the connection would leave our sight', async () => {
    const { headers } = await sent({
      headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'x' },
    });
    for (const name of ['upgrade', 'connection', 'http2-settings']) expect(headers).not.toHaveProperty(name);
  });
});

describe('what only Limpet may say', () => {
  it.each(['limpet-session', 'limpet_session', 'Limpet-Epoch', 'LIMPET_STATE', 'limpet-anything'])(
    '[FH4] a client’s %s does not arrive',
    async (name) => {
      const { headers } = await sent({ headers: { [name]: 'forged' } }, {}, { 'limpet-epoch': '3' });
      expect(Object.values(headers)).not.toContain('forged');
      expect(headers).toHaveProperty('limpet-epoch', '3');
    },
  );

  it('[FH4] a header whose name merely begins like it arrives', async () => {
    expect((await sent({ headers: { limpets: 'rock', limpet: 'shell' } })).headers).toMatchObject({
      limpets: 'rock',
      limpet: 'shell',
    });
  });

  it.each([
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-port',
    'x-forwarded-prefix',
    'x-forwarded-server',
    'x-real-ip',
    'x_forwarded_for',
    'x-forwarded_host',
    'x_real_ip',
    'forwarded',
  ])('[FH5] a client’s %s is not believed', async (name) => {
    const { headers } = await sent({ headers: { ...client, [name]: 'forged' } });
    expect(Object.values(headers).join()).not.toContain('forged');
  });

  it('[FH6] who the client is, and what it asked for, is said in both ways', async () => {
    const { headers } = await sent({ headers: client });
    expect(headers).toMatchObject({
      'x-forwarded-for': '192.0.2.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example.com',
      forwarded: 'for=192.0.2.7;host="shop.example.com";proto=https',
    });
  });

  it('[FH6] an IPv6 address stands in brackets and quotes in Forwarded, and bare in X-Forwarded-For', async () => {
    const { headers } = await sent({ headers: { 'cf-connecting-ip': '2001:db8::7' } });
    expect(headers).toMatchObject({
      'x-forwarded-for': '2001:db8::7',
      forwarded: expect.stringMatching(/^for="\[2001:db8::7\]";/),
    });
  });

  it('[FH6] an address that is not known is called unknown', async () => {
    expect((await sent({})).headers).toMatchObject({
      'x-forwarded-for': 'unknown',
      forwarded: expect.stringMatching(/^for=unknown;/),
    });
  });

  it('[FH7] behind a proxy that the operator trusts, what came is added to', async () => {
    const came = {
      ...client,
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'public.example',
    };
    const { headers } = await sent({ headers: came }, { config: { forwarded: 'append' } });
    expect(headers).toMatchObject({
      'x-forwarded-for': '203.0.113.9, 192.0.2.7',
      forwarded: 'for=203.0.113.9, for=192.0.2.7;host="shop.example.com";proto=https',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'public.example',
    });
  });

  it('[FH8] Via is added to', async () => {
    expect((await sent({ headers: { via: '1.1 varnish' } })).headers['via']).toMatch(
      /^1\.1 varnish, 1\.1 limpet-/,
    );
  });
});

describe('the rest of a request', () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld({ pool: { origins: [{ id: 'a', url: 'https://a.internal/app' }] } });
  });

  it('[FH9] the target stands behind the origin’s own path, as it came', async () => {
    const visit = await world.visit({ path: '/cart//x?item=%2F1&item=2' });
    expect(originRequest(visit, a, {}).url).toBe('https://a.internal/app/cart//x?item=%2F1&item=2');
  });

  it('[FH10] a redirect is the client’s to follow', async () => {
    expect(originRequest(await world.visit(), a, {}).init.redirect).toBe('manual');
  });

  it('[FH11] the affinity cookie never arrives, and the application’s cookies do', async () => {
    const ours = await world.cookie();
    const cookies = async (cookie: string) =>
      new Headers(originRequest(await world.visit({ headers: { cookie } }), a, {}).init.headers).get(
        'cookie',
      );
    expect(await cookies(`sid=1; ${ours}; theme=dark`)).toBe('sid=1; theme=dark');
    expect(await cookies(ours)).toBeNull();
    expect(await cookies('__Host-limpet=forged; sid=1')).toBe('sid=1');
  });

  it('[FH12] a body that was kept is sent, however often; that of a GET is not', async () => {
    const visit = await world.visit({ method: 'POST', body: 'item=1' });
    visit.trail.body = new TextEncoder().encode('item=1').buffer;
    expect([originRequest(visit, a, {}).init.body, originRequest(visit, a, {}).init.body]).toEqual([
      visit.trail.body,
      visit.trail.body,
    ]);
    expect(originRequest(await world.visit(), a, {}).init).not.toHaveProperty('body');
  });
});
