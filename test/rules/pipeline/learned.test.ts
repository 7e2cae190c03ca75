import { beforeEach, describe, expect, it } from 'vitest';
import { base64url } from '../../../worker/core/base64url.ts';
import { originId } from '../../../worker/core/ids.ts';
import { identify } from '../../../worker/steps/identify.ts';
import { contractReply, createWorld, instance, type World } from '../visit.ts';
import { carriedIn, codeOf } from './scene.ts';

const cart = '{"cart":[1]}';
const state = { 'limpet-version': '1', 'limpet-state': base64url(new TextEncoder().encode(cart)) };
const named = (value: string) => ({ 'set-cookie': `JSESSIONID=${value}; Path=/` });
const came = (value: string) => ({ headers: { cookie: `JSESSIONID=${value}` } });

let world: World;
beforeEach(async () => {
  world = await createWorld({ pool: { affinity: [{ by: 'cookie:JSESSIONID' }] } });
});

const gives = (headers: Record<string, string>) => {
  for (const origin of world.pool.origins.keys()) world.origins.set(origin, () => contractReply(headers));
};

async function sessionOf(value: string) {
  const identity = await identify(await world.visit(came(value)));
  if (identity.kind !== 'keyed') throw new Error('Cannot look up a key that the request does not have');
  return identity.session;
}
const rowOf = async (value: string) => world.shards.row(await sessionOf(value));

describe('a key whose home the pool does not have any more', () => {
  it('[OS7] is answered with 503 while the pool is route-only', async () => {
    gives({ ...state, ...named('one') });
    await world.send({ method: 'POST' });
    const row = await rowOf('one');
    if (row === undefined) throw new Error('nothing was stored');
    world.shards.write(await sessionOf('one'), { kind: 'row', row: { ...row, home: originId('z') } });
    world.pool.learned.delete(await sessionOf('one'));
    world.routeOnly = true;
    const before = world.sent.length;
    expect(codeOf(await world.send(came('one')))).toEqual([503, 'route_only']);
    expect(world.sent).toHaveLength(before);
  });
});

describe('the answer that makes the key', () => {
  it('[LE3] has its state kept under that key', async () => {
    gives({ ...state, ...named('one') });
    await world.send({ method: 'POST' });
    expect(world.sent[0]?.headers.get('limpet-new')).toBe('1');
    expect(await rowOf('one')).toMatchObject({ home: world.sent[0]?.origin, instance, epoch: 0, version: 1 });
  });

  it('[LE3] so that it can be handed over when home is lost', async () => {
    gives({ ...state, ...named('one') });
    await world.send({ method: 'POST' });
    const home = world.sent[0]?.origin;
    if (home !== undefined) world.standing(home, { health: 'down' });
    gives({});
    await world.send(came('one'));
    expect(carriedIn(world)).toEqual([undefined, cart]);
  });

  it('[LE3] without a key the client cannot come back for its state: nothing is stored', async () => {
    gives(state);
    expect((await world.send({ method: 'POST' })).status).toBe(200);
    expect(world.shards.calls).toEqual([]);
  });

  it('[LE3] a state that the origin has put by itself is taken along', async () => {
    gives({ 'limpet-version': '1', ...named('one') });
    world.origins.forEach((_, origin) =>
      world.origins.set(origin, async ({ headers }) => {
        await world.shards.put(headers.get('limpet-session') as never, await putOf(headers));
        return contractReply({ 'limpet-version': '1', ...named('one') });
      }),
    );
    await world.send({ method: 'POST' });
    expect(await rowOf('one')).toMatchObject({ version: 1, epoch: 0 });
    expect(world.shards.calls.slice(0, 3)).toEqual(['put', 'claim', 'put']);
  });
});

describe('a login that makes another key', () => {
  beforeEach(async () => {
    gives({ ...state, ...named('one') });
    await world.send({ method: 'POST' });
    gives({ ...state, 'limpet-version': '2', 'limpet-rotate': '1', ...named('two') });
  });

  it('[LE5] keeps the state under the new one and ends what the old one named', async () => {
    await world.send({ method: 'POST', ...came('one') });
    expect(await rowOf('two')).toMatchObject({ epoch: 0, version: 2 });
    expect(world.shards.slot(await sessionOf('one')).kind).toBe('ended');
  });

  it('[LE5] is refused where the old one is not known to be ended', async () => {
    world.shards.unreachable.add('end');
    expect(codeOf(await world.send({ method: 'POST', ...came('one') }))).toEqual([503, 'store_unreachable']);
  });
});

/** What the origin's own PUT brings to the shard. */
async function putOf(headers: Headers) {
  const session = headers.get('limpet-session') as never;
  const bytes = new TextEncoder().encode(cart);
  const home = world.sent[0]?.origin as never;
  const seal = await world.pool.keyring.sealState(session, 0, bytes);
  const limits = { expiresAt: world.clock.now() + 60_000, endsAt: world.clock.now() + 60_000 };
  const place = {
    home,
    epoch: 0,
    instance,
    version: 1,
    subject: undefined,
    assumed: { home, epoch: 0 },
    limits,
  };
  return { ...place, state: { bytes, seal, epoch: 0 } };
}
