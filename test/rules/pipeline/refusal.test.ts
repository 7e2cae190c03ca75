import { beforeEach, describe, expect, it } from 'vitest';
import { a, b, c, createWorld, type World } from '../visit.ts';

let world: World;

beforeEach(async () => {
  world = await createWorld();
  for (const origin of [a, b, c]) world.standing(origin, { health: 'down' });
});

describe('an answer that Limpet gives itself', () => {
  it('[PL36] is JSON with a code and a sentence to a program, and nobody’s to keep', async () => {
    const response = await world.send();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'limpet-code': 'no_origin',
      'retry-after': '5',
    });
    expect(await response.json()).toEqual({
      code: 'no_origin',
      message: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });

  it('[PL37] is a page to a browser: the operator’s own where there is one', async () => {
    const page = async () => (await world.send({ headers: { accept: 'text/html,*/*' } })).text();
    expect(await page()).toContain('<h1>Back in a moment</h1>');
    world.ownPage = '<h1>Closed for the day</h1>';
    expect(await page()).toBe('<h1>Closed for the day</h1>');
  });

  it('[PL37] shows nothing of the request', async () => {
    const response = await world.send({
      path: '/<script>alert(1)</script>?q=secret',
      headers: { accept: 'text/html', 'user-agent': 'secret' },
    });
    expect(await response.text()).not.toMatch(/script|secret/);
  });

  it('[PL38] to a HEAD has no body', async () => {
    const response = await world.send({ method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([503, '']);
  });

  it('[PL39] never takes a client’s cookie away', async () => {
    const cookie = await world.cookie();
    expect((await world.send({ headers: { cookie } })).headers.getSetCookie()).toEqual([]);
  });
});

describe('the answer that is kept for worse days', () => {
  const kept = async (
    answer: Record<string, string>,
    { method = 'GET', status = 200, paths = [] as string[] } = {},
  ) => {
    world = await createWorld({ pool: { fallback: { paths } } });
    for (const origin of [a, b, c])
      world.origins.set(origin, () =>
        Object.defineProperty(new Response('ok', { status, headers: answer }), 'webSocket', { value: null }),
      );
    await world.send({ method, path: '/docs/a?b=1' });
    await world.send({ method, path: '/docs/a?b=1' });
    await world.settled();
    return world.kept;
  };
  const open = { 'cache-control': 'public, max-age=60' };

  it('[FA8] is one that everybody may see, at most once a minute', async () => {
    expect(await kept(open)).toEqual(['shop.example.com/docs/a?b=1']);
    await world.clock.pass(60_000);
    await world.send({ path: '/docs/a?b=1' });
    await world.settled();
    expect(world.kept).toHaveLength(2);
  });

  it('[FA8] or one of a path that the operator names', async () => {
    expect(await kept({}, { paths: ['/docs/*'] })).toHaveLength(1);
    expect(await kept({}, { paths: ['/help/*'] })).toEqual([]);
  });

  it.each([
    ['that is private', { 'cache-control': 'private' }, {}],
    ['said not to be kept, even on a named path', { 'cache-control': 'no-store' }, { paths: ['/docs/*'] }],
    ['that sets a cookie', { ...open, 'set-cookie': 'sid=1' }, {}],
    ['that varies by more than its encoding', { ...open, vary: 'cookie' }, {}],
    ['that is too large', { ...open, 'content-length': '1048577' }, {}],
    ['of another status', open, { status: 404 }],
    ['of another method', open, { method: 'OPTIONS' }],
  ])('[FA9] is never one %s', async (_what, answer: Record<string, string>, request) => {
    expect(await kept(answer, request)).toEqual([]);
  });
});
