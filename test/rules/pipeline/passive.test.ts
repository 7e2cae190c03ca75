import { beforeEach, describe, expect, it } from 'vitest';
import type { PoolInput } from '../../../worker/config/input.ts';
import { serve } from '../../../worker/pipeline.ts';
import { a, b, c, createWorld, reply, session, sessionNo, type World } from '../visit.ts';
import { carriedIn, codeOf, dies, freezes, pathIn } from './scene.ts';

const cart = '{"cart":[1]}';
let world: World;

beforeEach(async () => {
  world = await createWorld();
});

const local = { session: { mode: 'local' } } as const;
const start = async (pool: Partial<PoolInput>) => {
  world = await createWorld({ pool });
};
const askAs = async (number: number, init: RequestInit = {}) =>
  world.send({
    ...init,
    headers: { cookie: await world.cookie({ session: sessionNo(number) }), ...init.headers },
  });
/** Visitors without a cookie, who differ by browser. */
const newcomers = async (count: number, from = 0) => {
  const before = world.sent.length;
  for (let at = 0; at < count; at++) await world.send({ headers: { 'user-agent': `browser ${from + at}` } });
  return pathIn(world).slice(before);
};
const seen = () => world.pool.passive.seen(a, world.clock.now());
const errs = (origin = a, status = 500) => world.origins.set(origin, () => reply('', { status }));
/** Sessions of a fail until it is put out of use. */
const ejectA = async () => {
  errs();
  for (let at = 0; at < 5; at++) await askAs(10 + at);
};

describe('an origin whose requests fail although its probes are good', () => {
  it('[PS12] passes its errors on, and after five of more than one session gets nothing new', async () => {
    await ejectA();
    expect(pathIn(world)).toEqual([a, a, a, a, a]);
    expect(seen()).toMatchObject({ breaker: 'open', attempts: 5, failures: 5 });
    expect(new Set(await newcomers(30))).toEqual(new Set([b, c]));
    expect(world.edge.counters.all()).toMatchObject({ 'origin_ejected.a.failures': 1 });
  });

  it('[PS12] with one session alone stays in use', async () => {
    errs();
    for (let at = 0; at < 20; at++) await askAs(1);
    expect(seen()).toMatchObject({ breaker: 'closed', failures: 20 });
  });

  it('[PS13] a session of which the shard has a copy moves with its data', async () => {
    await ejectA();
    await world.store(cart);
    expect((await askAs(1)).status).toBe(200);
    expect(world.edge.counters.all()).toMatchObject({ 'request.shop.restored.home_ejected': 1 });
    expect([carriedIn(world).at(-1), world.shards.row(session)?.epoch]).toEqual([cart, 1]);
    expect(world.sighted.map(({ origin, failure }) => [origin, failure?.how])).toEqual([[a, 'ejected']]);
  });

  it('[PS13] one whose only copy is at home stays there, as home answers the probe of doubt', async () => {
    await ejectA();
    expect((await askAs(1)).status).toBe(500);
    expect([pathIn(world).at(-1), world.doubted]).toEqual([a, [a]]);
  });

  it('[PS14] never more than half of the pool is put out of use', async () => {
    const home = { [a]: 10, [b]: 20, [c]: 30 };
    for (const origin of [a, b]) {
      errs(origin);
      for (let at = 0; at < 8; at++) {
        const cookie = await world.cookie({ home: origin, session: sessionNo((home[origin] ?? 0) + at) });
        await world.send({ headers: { cookie } });
      }
    }
    const phases = [a, b, c].map((origin) => world.pool.passive.phase(origin, world.clock.now()));
    expect(phases.filter((phase) => phase === 'open')).toHaveLength(1);
  });

  it('[PS14] when others are down or suspect too, so that more than half is out, it is used again', async () => {
    await ejectA();
    world.standing(b, { health: 'down' });
    await world.store(cart);
    expect([(await askAs(1)).status, pathIn(world).at(-1)]).toEqual([500, a]);
  });

  it('[PS7] after 30 s one safe request tries it at a time; a good answer brings it back', async () => {
    await ejectA();
    await world.clock.pass(30_000);
    const visits = await Promise.all(
      Array.from({ length: 20 }, (_, at) => world.visit({ headers: { 'user-agent': `browser ${at}` } })),
    );
    const placed = visits.map((visit, at) => visit.view.place(at * 1_000_003));
    expect(placed.filter((origin) => origin === a)).toHaveLength(1);
    expect(seen().breaker).toBe('on trial');
    const post = await world.visit({ method: 'POST' });
    expect(post.view.usable(a)).toBe(false);

    world.pool.passive.answered(a, {
      status: 200,
      headers: new Headers(),
      tookMs: 5,
      now: world.clock.now(),
      by: '',
    });
    expect([seen().breaker, post.view.usable(a)]).toEqual(['closed', true]);
  });

  it('[PS7] a bad answer to the trial puts it out again, for longer', async () => {
    await ejectA();
    await world.clock.pass(30_000);
    await world.store(cart, { home: b });
    expect((await askAs(2)).status).toBe(500);
    expect(seen().breaker).toBe('open');
    await world.clock.pass(59_999);
    expect(seen().breaker).toBe('open');
    await world.clock.pass(1);
    expect(seen().breaker).toBe('half-open');
  });

  it('[PS10] when it is back it gets newcomers little by little, and its own sessions at once', async () => {
    await ejectA();
    await world.clock.pass(30_000);
    world.origins.delete(a);
    await askAs(2);
    expect(seen().breaker).toBe('closed');
    const early = (await newcomers(60)).filter((origin) => origin === a).length;
    await world.clock.pass(30_000);
    const late = (await newcomers(60, 100)).filter((origin) => origin === a).length;
    expect([early < 8, late > 8]).toEqual([true, true]);
  });

  it('[PS10] the same after the monitor has said that it is up again', async () => {
    world.standing(a, { health: 'up', incarnation: 0, returnedAt: world.clock.now() });
    expect((await newcomers(60)).filter((origin) => origin === a).length).toBeLessThan(12);
    expect((await askAs(1)).status).toBe(200);
    expect(pathIn(world).at(-1)).toBe(a);
  });
});

describe('an origin that answers slowly', () => {
  it('[PS9] gets no newcomers for a while; its sessions stay', async () => {
    const now = () => world.clock.now();
    const took = (origin: typeof a, tookMs: number) =>
      world.pool.passive.answered(origin, {
        status: 200,
        headers: new Headers(),
        tookMs,
        now: now(),
        by: '',
      });
    for (let at = 0; at < 64; at++) {
      took(b, 40);
      took(c, 50);
      took(a, 900);
    }
    expect(seen()).toMatchObject({ isSlow: true, breaker: 'closed' });
    expect(await newcomers(20)).not.toContain(a);
    expect([(await askAs(1)).status, pathIn(world).at(-1), world.shards.calls]).toEqual([200, a, []]);
    await world.clock.pass(30_000);
    expect(await newcomers(20, 50)).toContain(a);
  });
});

describe('an origin that says 503 with Retry-After', () => {
  it('[PS11] is passed on, gets no newcomers for as long, and nothing is held against it', async () => {
    world.origins.set(a, () => reply('busy', { status: 503, headers: { 'retry-after': '20' } }));
    for (let at = 0; at < 8; at++) expect((await askAs(10 + at)).headers.get('retry-after')).toBe('20');
    expect(seen()).toMatchObject({ breaker: 'closed', failures: 0, isBusy: true });
    expect(await newcomers(20)).not.toContain(a);
    await world.clock.pass(20_000);
    expect(await newcomers(20, 50)).toContain(a);
  });

  it('[PS11] without it, it is an error like any other', async () => {
    errs(a, 503);
    for (let at = 0; at < 5; at++) await askAs(10 + at);
    expect(seen().breaker).toBe('open');
  });
});

describe('what counts', () => {
  it('[PS15] each origin counts its own attempts, those that came from another one too', async () => {
    world = await createWorld({ pool: { attempts: { failoverOn: [502] } } });
    errs(a, 502);
    await world.store(cart);
    expect((await askAs(1)).status).toBe(200);
    const now = world.clock.now();
    const counts = [a, b, c].map((origin) => world.pool.passive.seen(origin, now));
    expect(counts[0]).toMatchObject({ attempts: 1, failures: 1 });
    expect((counts[1]?.attempts ?? 0) + (counts[2]?.attempts ?? 0)).toBe(1);
    expect((counts[1]?.failures ?? 0) + (counts[2]?.failures ?? 0)).toBe(0);
  });

  it('[PS15] a lost connection counts although the origin answers its probe', async () => {
    await start(local);
    world.origins.set(a, () => Promise.reject(new TypeError('reset')));
    await askAs(1, { method: 'POST', body: 'x', headers: { 'content-length': '1' } });
    expect(seen()).toMatchObject({ attempts: 1, failures: 1 });
  });

  it('[PS16] a request whose streamed body may have broken off at its client does not count', async () => {
    await start({ ...local, attempts: { bodyBytesMax: 0 } });
    world.origins.set(a, () => Promise.reject(new TypeError('the body broke off')));
    const response = await askAs(1, { method: 'POST', body: 'x', headers: { 'content-length': '1' } });
    expect([response.status, seen().failures]).toEqual([502, 0]);
  });

  it('[PS17] what has made the origin suspect is not counted a second time', async () => {
    dies(world, a);
    await world.store(cart);
    await askAs(1);
    expect(seen()).toMatchObject({ breaker: 'closed', failures: 0 });
  });

  it('[PS18] an origin in doubt is asked three times sooner whether it lives', async () => {
    await world.store(cart);
    freezes(world, a);
    world.standing(a, { doubted: true });
    const from = world.clock.now();
    expect((await askAs(1)).status).toBe(200);
    expect(world.clock.now() - from).toBe(100);
  });

  it('[PS19] what the monitor has told is not reported to it again', async () => {
    dies(world, a);
    world.standing(a, { doubted: true });
    await world.store(cart);
    await askAs(1);
    await world.settled();
    expect([world.pool.suspicions.isSuspect(a, world.clock.now()), world.reported]).toEqual([true, []]);
  });

  it('[PS19] newcomers do not go where another edge has found nobody', async () => {
    world.standing(a, { doubted: true });
    expect(await newcomers(30)).not.toContain(a);
    expect([(await askAs(1)).status, pathIn(world).at(-1)]).toEqual([200, a]);
  });
});

describe('an origin with a cap', () => {
  const capped = (more: Partial<PoolInput> = {}) =>
    start({
      ...local,
      origins: [
        { id: 'a', url: 'http://a.internal:9000', maxConcurrent: 2 },
        { id: 'b', url: 'http://b.internal:9000' },
      ],
      ...more,
    });
  let release: (() => void)[] = [];
  /** Signatures take turns of their own: waited for is what arrives. */
  const arrived = async (count: number) => {
    while (release.length < count) await world.clock.pass(1);
  };
  /** A request that leaves time to the test. */
  const begin = async (number: number) =>
    serve(await world.visit({ headers: { cookie: await world.cookie({ session: sessionNo(number) }) } }));
  const blocks = () => {
    release = [];
    world.origins.set(a, () => new Promise((resolve) => release.push(() => resolve(reply()))));
  };

  it('[PS20] that is full gets no newcomers, and its sessions wait for room', async () => {
    await capped();
    blocks();
    const first = [begin(1), begin(2)];
    await arrived(2);
    const visit = await world.visit();
    const places = Array.from({ length: 50 }, (_, at) => visit.view.placeNew(at * 1_000_003));
    expect(new Set(places)).toEqual(new Set([b]));
    const waiting = begin(3);
    release[0]?.();
    await arrived(3);
    for (const go of release) go();
    expect((await Promise.all([...first, waiting])).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('[PS20] that stays full: 503 origin_full with Retry-After after queueMs, and the session keeps its home', async () => {
    await capped();
    blocks();
    const first = [begin(1), begin(2)];
    await arrived(2);
    const from = world.clock.now();
    const refused = begin(3);
    const waited = { isOver: false };
    void refused.then(() => Object.assign(waited, { isOver: true }));
    while (!waited.isOver) await world.clock.pass(1);
    const response = await refused;
    const waitedMs = world.clock.now() - from;
    expect([waitedMs >= 1_000, waitedMs < 1_100]).toEqual([true, true]);
    expect([...codeOf(response), response.headers.get('retry-after')]).toEqual([503, 'origin_full', '1']);
    expect([await world.told(response), world.shards.calls]).toEqual([undefined, []]);
    for (const go of release) go();
    await Promise.all(first);
  });

  it('[PS20] is not full for ever of requests that were cancelled before their headers', async () => {
    await capped();
    // The runtime takes a cancelled request's promises with it: nobody says that these are over.
    for (let count = 0; count < 2; count++) world.pool.passive.begin(a, world.clock.now());
    expect(world.pool.passive.isFull(a, world.clock.now())).toBe(true);
    await world.clock.pass(60_001);
    expect((await begin(1)).status).toBe(200);
  });

  it('[PS20] is never sent more than its cap, however many come at once', async () => {
    await capped({ passive: { queueMs: 0 } });
    blocks();
    const refused: Response[] = [];
    const all = Array.from({ length: 8 }, async (_, at) => {
      const response = await begin(at);
      if (response.status === 503) refused.push(response);
      return response;
    });
    while (refused.length + release.length < 8) await world.clock.pass(1);
    expect(release).toHaveLength(2);
    for (const go of release) go();
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
    expect(world.pool.passive.isFull(a, world.clock.now())).toBe(false);
  });
});
