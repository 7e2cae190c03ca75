import { beforeEach, describe, expect, it } from 'vitest';
import { openCapability } from '../../../worker/admin/capability.ts';
import { base64url, fromBase64url } from '../../../worker/core/base64url.ts';
import { poolName } from '../../../worker/core/ids.ts';
import { a, createWorld, session, sessionNo, startMs, startS, type World } from '../visit.ts';

const pool = { origins: [{ id: 'a', url: 'http://a.internal:9000' }] };
let world: World;
/** What origin a was given with a request of the session. */
let given: string;

beforeEach(async () => {
  world = await createWorld({
    config: {
      pools: { shop: pool, blog: pool },
      routes: [
        { match: 'blog.example.com/*', pool: 'blog' },
        { match: '/*', pool: 'shop' },
      ],
    },
  });
  await world.send({ headers: { cookie: await world.cookie({ epoch: 3 }) } });
  given = world.sent[0]?.headers.get('limpet-api')?.split(' ')[1] ?? '';
});

const open = (capability: string, of = session) => openCapability(world.edge, of, `Bearer ${capability}`);
const [body, tag] = [() => given.split('.')[0] ?? '', () => given.split('.')[1] ?? ''];
const rewritten = (change: (text: string) => string) =>
  base64url(new TextEncoder().encode(change(new TextDecoder().decode(fromBase64url(body())))));

describe('a capability', () => {
  it('[CP1] names pool, session, home, epoch and the session’s start', async () => {
    expect(await open(given)).toEqual({
      pool: world.edge.pools.get(poolName('shop')),
      session,
      home: a,
      epoch: 3,
      startedS: startS,
    });
  });

  it('[CP2] is of one session', async () => {
    expect(await open(given, sessionNo(2))).toBeUndefined();
  });

  it.each([
    ['the pool', (text: string) => text.replace('shop', 'blog')],
    ['the home', (text: string) => text.replace('\na\n', '\nb\n')],
    ['the epoch', (text: string) => text.replace('\n3\n', '\n4\n')],
    ['the end', (text: string) => text.replace(/\d+$/, '99999999999999')],
  ])('[CP3] with %s changed is forged', async (_what, change) => {
    expect(await open(`${rewritten(change)}.${tag()}`)).toBeUndefined();
  });

  it('[CP3] with a tag of its own making, or one made for something else, is forged', async () => {
    expect(await open(`${body()}.${'A'.repeat(22)}`)).toBeUndefined();
    expect(await open(`${body()}.`)).toBeUndefined();
    const seal = await world.pool.keyring.sealState(session, 3, new TextEncoder().encode('x'));
    expect(await open(`${body()}.${seal}`)).toBeUndefined();
  });

  it('[CP4] lasts for an hour', async () => {
    await world.clock.pass(3_600_000 - 1);
    expect(await open(given)).toMatchObject({ home: a });
    await world.clock.pass(60_001);
    expect(world.clock.now()).toBe(startMs + 3_660_000);
    expect(await open(given)).toBeUndefined();
  });

  it.each([
    null,
    '',
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Bearer .',
    'Bearer a.b.c',
    'Basic YTpi',
    'Bearer !!.!!',
    'Bearer YQ.YQ',
  ])('[CP5] %j is none', async (authorization) => {
    expect(await openCapability(world.edge, session, authorization)).toBeUndefined();
  });
});
