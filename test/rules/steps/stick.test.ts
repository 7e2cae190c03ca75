import { beforeEach, describe, expect, it } from 'vitest';
import { a, b, createWorld, reply, secrets, session, type World } from '../visit.ts';

const navigating = { 'sec-fetch-mode': 'navigate' };
const loading = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'style' };
let world: World;

beforeEach(async () => {
  world = await createWorld();
});

async function answered(request: Record<string, string>, answer: Record<string, string>) {
  for (const origin of world.pool.origins.keys())
    world.origins.set(origin, () => reply('ok', { headers: answer }));
  return world.send({ headers: request });
}

describe('the first cookie', () => {
  it.each([
    ['to a navigation', navigating, {}, true],
    ['to a client without Sec-Fetch', {}, {}, true],
    ['to an asset', loading, {}, false],
    ['to an asset with the origin’s own cookie', loading, { 'set-cookie': 'sid=1' }, true],
    [
      'to a navigation that a shared cache may keep',
      navigating,
      { 'cache-control': 'public, max-age=60' },
      false,
    ],
    [
      'to a navigation that one CDN may keep',
      navigating,
      { 'cache-control': 'no-store', 'cdn-cache-control': 'max-age=60' },
      false,
    ],
    [
      'to a navigation that only the browser may keep',
      navigating,
      { 'cache-control': 'private, max-age=60' },
      true,
    ],
    [
      'with the origin’s own cookie on what a shared cache may keep',
      navigating,
      { 'set-cookie': 'sid=1', 'cache-control': 's-maxage=60' },
      false,
    ],
  ])(
    '[SK5] goes out %s: %j %j %s',
    async (_what, request: Record<string, string>, answer: Record<string, string>, isSet) => {
      const told = await world.told(await answered(request, answer));
      expect(told !== undefined).toBe(isSet);
    },
  );

  it('[SK6] goes out with a state, also to an asset', async () => {
    const state = { 'limpet-instance': 'instance-one-0001', 'limpet-version': '1', 'limpet-state': 'e30' };
    expect(await world.told(await answered(loading, state))).toMatchObject({ epoch: 0 });
  });
});

describe('the cookie that goes out', () => {
  it('[SK7] is a session cookie for this host alone, out of reach of scripts', async () => {
    const [cookie] = (await answered(navigating, {})).headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-limpet=1\.[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  });

  it.each([
    [{ sameSite: 'none' }, /^__Host-limpet=.*; SameSite=None; Secure; Partitioned$/],
    [{ sameSite: 'strict' }, /; SameSite=Strict; Secure$/],
    [{ secure: false, name: 'cart' }, /^cart=.*; Path=\/; HttpOnly; SameSite=Lax$/],
  ] as const)('[SK7] follows the operator: %j', async (cookie, form) => {
    world = await createWorld({ pool: { cookie } });
    expect((await answered(navigating, {})).headers.getSetCookie()[0]).toMatch(form);
  });

  it('[SK8] stands beside the origin’s own cookies, each still its own header', async () => {
    world.origins.set(a, () => {
      const headers = new Headers([
        ['set-cookie', 'sid=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT'],
        ['set-cookie', 'theme=dark'],
      ]);
      return reply('ok', { headers });
    });
    world.standing(b, { health: 'down' });
    const response = await world.send({ headers: { cookie: await world.cookie({ incarnation: 9 }) } });
    expect(response.headers.getSetCookie()).toEqual([
      'sid=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT',
      'theme=dark',
      expect.stringMatching(/^__Host-limpet=/),
    ]);
  });

  it('[SK9] of a session that moved goes out even on what a shared cache may keep, which is then private', async () => {
    world.standing(a, { health: 'down' });
    await world.store('{}');
    for (const origin of [b, ...world.pool.origins.keys()]) {
      world.origins.set(origin, () =>
        reply('ok', {
          headers: { 'cache-control': 'public, max-age=60', 'cdn-cache-control': 'max-age=600' },
        }),
      );
    }
    const response = await world.send({ headers: { cookie: await world.cookie() } });
    expect(await world.told(response)).toMatchObject({ session, epoch: 1 });
    expect(response.headers.get('cache-control')).toBe('private');
    expect(response.headers.has('cdn-cache-control')).toBe(false);
  });

  it('[SK10] is none when nothing changed', async () => {
    const response = await answered(
      { ...navigating, cookie: await world.cookie() },
      { 'set-cookie': 'sid=1' },
    );
    expect(response.headers.getSetCookie()).toEqual(['sid=1']);
  });
});

describe('what an operator sees', () => {
  const shown = async (debug: 'off' | 'token' | 'always', headers: Record<string, string> = {}) => {
    world = await createWorld({ config: { debug } });
    const response = await world.send({ headers });
    return [...response.headers.keys()].filter((name) => name.startsWith('limpet-')).sort();
  };
  const all = ['limpet-attempts', 'limpet-epoch', 'limpet-origin', 'limpet-outcome', 'limpet-reason'];

  it('[SK11] goes to nobody, to who has the token, or to everybody', async () => {
    expect(await shown('off', { 'limpet-debug': secrets.adminToken })).toEqual([]);
    expect(await shown('token')).toEqual([]);
    expect(await shown('token', { 'limpet-debug': 'wrong' })).toEqual([]);
    expect(await shown('token', { 'limpet-debug': secrets.adminToken })).toEqual(all);
    expect(await shown('always')).toEqual(all);
  });
});
