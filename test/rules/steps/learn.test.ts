import { beforeEach, describe, expect, it } from 'vitest';
import { identify } from '../../../worker/steps/identify.ts';
import { a, b, createWorld, instance, reply, startMs, type World } from '../visit.ts';

let world: World;

beforeEach(async () => {
  world = await createWorld({
    pool: { affinity: [{ by: 'cookie:JSESSIONID' }, { by: 'header:mcp-session-id' }] },
  });
});

/** The row that the answer left for this key. */
async function learned(headers: Record<string, string>) {
  const identity = await identify(await world.visit({ headers }));
  if (identity.kind !== 'keyed') throw new Error('Cannot look up a key that the request does not have');
  return world.shards.row(identity.session);
}
const answering = (headers: Record<string, string>) => {
  for (const origin of world.pool.origins.keys()) world.origins.set(origin, () => reply('ok', { headers }));
};

describe('a key that an origin makes in its answer', () => {
  it.each([
    ['cookie', { 'set-cookie': 'JSESSIONID=abc; Path=/; HttpOnly' }, { cookie: 'JSESSIONID=abc' }],
    ['header', { 'mcp-session-id': 'abc' }, { 'mcp-session-id': 'abc' }],
  ])(
    '[LN1] as a %s leads back to this origin: its row is written before the answer leaves',
    async (_what, given, taken: Record<string, string>) => {
      answering(given);
      await world.send();
      expect(world.shards.calls).toEqual(['renew']);
      expect(await learned(taken)).toMatchObject({ home: world.sent[0]?.origin, epoch: 0 });
    },
  );

  it('[LN2] lives for two minutes until it has come back', async () => {
    answering({ 'set-cookie': 'JSESSIONID=abc' });
    await world.send();
    expect(await learned({ cookie: 'JSESSIONID=abc' })).toMatchObject({ expiresAt: startMs + 120_000 });
  });

  it('[LN2] and for the idle time from when it comes back, which is written once per quarter of that', async () => {
    answering({ 'set-cookie': 'JSESSIONID=abc' });
    await world.send();
    answering({});
    for (let at = 0; at < 3; at++) {
      await world.clock.pass(6_000);
      await world.send({ headers: { cookie: 'JSESSIONID=abc' } });
    }
    expect(await learned({ cookie: 'JSESSIONID=abc' })).toMatchObject({
      expiresAt: startMs + 6_000 + 1_800_000,
    });
    expect(world.shards.calls.filter((call) => call === 'renew')).toHaveLength(2);
  });

  it('[LN3] is remembered here for five seconds, under its home’s incarnation', async () => {
    answering({ 'set-cookie': 'JSESSIONID=abc' });
    await world.send();
    const home = world.sent[0]?.origin ?? a;
    const again = { headers: { cookie: 'JSESSIONID=abc' } };
    const asked = async () => (
      await world.send(again), world.shards.calls.filter((call) => call === 'locate').length
    );
    answering({});
    expect(await asked()).toBe(0);
    await world.clock.pass(5_000);
    expect(await asked()).toBe(1);
    expect(await asked()).toBe(1);
    world.standing(home, { incarnation: 1 });
    expect(await asked()).toBe(2);
    expect(new Set(world.sent.map(({ origin }) => origin))).toEqual(new Set([home]));
  });

  it('[LN4] that leads elsewhere already keeps leading there', async () => {
    answering({ 'set-cookie': 'JSESSIONID=abc' });
    const identity = await identify(await world.visit({ headers: { cookie: 'JSESSIONID=abc' } }));
    if (identity.kind !== 'keyed') throw new Error('Cannot go on without a key');
    const row = {
      home: b,
      instance,
      epoch: 4,
      version: 0,
      claimedBy: '',
      expiresAt: startMs + 1_000_000,
      endsAt: startMs + 2_000_000,
    };
    world.shards.write(identity.session, { kind: 'row', row });
    await world.send();
    expect(world.shards.row(identity.session)).toMatchObject({ home: b, epoch: 4 });
  });

  it('[LK9] whose session was ended leaves only its place: the same one each time, without a session and without a cookie', async () => {
    const request = { headers: { cookie: 'JSESSIONID=abc' } };
    const identity = await identify(await world.visit(request));
    if (identity.kind !== 'keyed') throw new Error('Cannot end a session without a key');
    world.shards.write(identity.session, { kind: 'ended', endsAt: startMs + 1_000_000 });
    const cookies: string[] = [];
    for (let at = 0; at < 5; at++) {
      cookies.push(...(await world.send(request)).headers.getSetCookie());
      await world.clock.pass(10_000);
    }
    expect([new Set(world.sent.map(({ origin }) => origin)).size, cookies]).toEqual([1, []]);
    expect(world.sent.some(({ headers }) => headers.has('limpet-session'))).toBe(false);
  });

  it.each([
    ['of another name', { 'set-cookie': 'JSESSIONID2=abc' }],
    ['that is taken back', { 'set-cookie': 'JSESSIONID=; Max-Age=0' }],
    ['that stands only in an attribute', { 'set-cookie': 'other=1; JSESSIONID=abc' }],
  ])('[LN5] %s is not learned', async (_what, given) => {
    answering(given);
    await world.send();
    expect(world.shards.calls).toEqual([]);
  });

  it('[LN6] that cannot be written is counted, and the answer goes out', async () => {
    world.shards.goAway();
    answering({ 'set-cookie': 'JSESSIONID=abc' });
    const response = await world.send();
    expect(response.status).toBe(200);
    expect(response.headers.getSetCookie()).toEqual(['JSESSIONID=abc']);
    expect(world.edge.counters.all()).toMatchObject({ 'learn_failed.unreachable': 1 });
  });
});
