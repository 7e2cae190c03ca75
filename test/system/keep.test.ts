import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Seen } from './harness/client.ts';
import { sessionIn } from './harness/forge.ts';
import { claimElsewhere, endElsewhere } from './harness/lab/elsewhere.ts';
import { type Edge, type Lab, startLab } from './harness/lab.ts';
import { until } from './harness/until.ts';

let lab: Lab;
let edge: Edge;
let serving: Edge;
// What happens elsewhere is not heard of here: each answer has to find out from the put.
const deaf = { snapshot: 'frozen', cache: 'none' } as const;
beforeAll(async () => {
  const session = { stateBytesMax: 65_536 };
  const pools = [{ session }, { session: { ...session, onStoreFailure: 'serve' } }] as const;
  lab = await startLab({ origins: ['a', 'b'], pools, faults: deaf });
  [edge, serving] = lab.edges as [Edge, Edge];
});
afterEach(() => Promise.all([edge.suffer(deaf), serving.suffer(deaf)]));
afterAll(() => lab?.end());

interface Regular {
  readonly client: Client;
  readonly session: string;
  readonly home: string;
  readonly other: string;
}

/** A visitor with one item in the cart, kept in the shard. */
async function regular(at = edge, kb = ''): Promise<Regular> {
  const client = at.client();
  await client.get('/cart');
  const { home = '' } = await client.post(`/cart?item=one${kb}`);
  return { client, home, session: sessionIn(client.jar.get('limpet')), other: home === 'a' ? 'b' : 'a' };
}

const itemsOf = async (client: Client) => (await client.get('/cart')).json<{ items: string[] }>().items;
const codeOf = (seen: Seen) => [seen.status, seen.headers['limpet-code']];
const putsOf = async (at: Edge) => (await at.counts())['shard.put'] ?? 0;

describe('put says: stored', () => {
  it('[KP1] the answer, and the state is there before it', async () => {
    const { client, session, home } = await regular();
    const seen = await client.post('/cart?item=two');
    expect([seen.status, seen.outcome]).toEqual([200, 'kept']);
    expect(await edge.shard(session, 'locate', 'shop', session)).toMatchObject({
      row: { home, epoch: 0, version: 2 },
    });
  });

  it('[KP1] a state that is too large for a header is stored by the origin itself', async () => {
    const before = await putsOf(edge);
    const { client, session } = await regular(edge, '&kb=20');
    expect(await putsOf(edge)).toBe(before + 1);
    await claimElsewhere(edge, session, (await client.get('/who')).home === 'a' ? 'b' : 'a');
    await client.get('/look?item=two');
    expect(await itemsOf(client)).toEqual(['one', 'two']);
  });
});

it('[KP2] put says: superseded, for a version that a newer one has overtaken: the answer', async () => {
  const { client, session } = await regular();
  await edge.suffer({ ...deaf, holdPut: 2 });
  const before = await putsOf(edge);
  const slow = client.post('/cart?item=two');
  await until('the put is under way', async () => (await putsOf(edge)) > before);
  const quick = await client.post('/cart?item=three');
  expect([quick.status, (await slow).status]).toEqual([200, 200]);
  expect(await edge.shard(session, 'locate', 'shop', session)).toMatchObject({ row: { version: 3 } });
  expect(await itemsOf(client)).toEqual(['one', 'two', 'three']);
});

describe('put says: fenced', () => {
  for (const kb of ['', '&kb=20']) {
    const size = kb === '' ? 'in a header' : 'by PUT';
    it(`[KP3] a safe request is sent again to the new home (state ${size})`, async () => {
      const { client, session, home, other } = await regular(edge, kb);
      await claimElsewhere(edge, session, other);
      const seen = await client.get(`/look?item=two${kb}`);
      expect([seen.status, seen.home, seen.cookies.includes('limpet')]).toEqual([200, other, true]);
      expect(seen.json<{ items: string[] }>().items).toEqual(['one', 'two']);
      expect(await itemsOf(client)).toEqual(['one', 'two']);
      expect((await client.get('/who')).home).not.toBe(home);
    });

    it(`[KP4] an unsafe one: 409 session_moved and the new cookie; what was kept before is there (state ${size})`, async () => {
      const { client, session, other } = await regular(edge, kb);
      await claimElsewhere(edge, session, other);
      const seen = await client.post(`/cart?item=two${kb}`);
      expect([...codeOf(seen), seen.cookies]).toEqual([409, 'session_moved', ['limpet']]);
      expect(seen.outcome).toBe('fenced');
      expect(await itemsOf(client)).toEqual(['one']);
      expect((await client.get('/who')).home).toBe(other);
    });
  }

  it('[KP5] an answer that is streaming already is cut', async () => {
    const { client, session, other } = await regular();
    await claimElsewhere(edge, session, other);
    const seen = await client.post('/late?item=two');
    expect([seen.status, seen.end]).toEqual([200, 'cut']);
  });
});

describe('put says: ended', () => {
  for (const kb of ['', '&kb=20']) {
    it(`[KP6] 409 session_ended and a new session id (${kb === '' ? 'in a header' : 'by PUT'})`, async () => {
      const { client, session } = await regular(edge, kb);
      await endElsewhere(edge, session);
      const seen = await client.post(`/cart?item=two${kb}`);
      expect([...codeOf(seen), seen.cookies]).toEqual([409, 'session_ended', ['limpet']]);
      expect(sessionIn(client.jar.get('limpet'))).not.toBe(session);
      expect(await itemsOf(client)).toEqual([]);
      expect((await client.post('/cart?item=three')).status).toBe(200);
      expect(await itemsOf(client)).toEqual(['three']);
    });
  }
});

describe('the shard cannot be reached', () => {
  for (const kb of ['', '&kb=20']) {
    it(`[KP7] refuse: 503 store_unreachable; the next change goes in again (${kb === '' ? 'in a header' : 'by PUT'})`, async () => {
      const { client } = await regular(edge, kb);
      await edge.suffer({ ...deaf, shard: 'away' });
      const seen = await client.post(`/cart?item=two${kb}`);
      expect([...codeOf(seen), seen.headers['retry-after']]).toEqual([503, 'store_unreachable', '5']);
      await edge.suffer(deaf);
      expect((await client.post('/cart?item=three')).status).toBe(200);
      expect(await itemsOf(client)).toContain('three');
    });
  }

  it('[KP8] serve: the answer, with the outcome unstored', async () => {
    const { client } = await regular(serving);
    await serving.suffer({ ...deaf, shard: 'away' });
    const seen = await client.post('/cart?item=two');
    expect([seen.status, seen.outcome, seen.reason]).toEqual([200, 'unstored', 'store_unreachable']);
    expect(await itemsOf(client)).toEqual(['one', 'two']);
  });
});

it('[KP9] a state over the limit: 503 state_too_large, and the one before stays', async () => {
  const { client, session } = await regular();
  const seen = await client.post('/cart?item=two&kb=100');
  expect(codeOf(seen)).toEqual([503, 'state_too_large']);
  expect(await edge.shard(session, 'locate', 'shop', session)).toMatchObject({ row: { version: 1 } });
});

describe('logout and login', () => {
  it('[KP10] logout: a new session id with the same answer; the old cookie brings nothing back', async () => {
    const { client, session } = await regular();
    const cookie = client.jar.header();
    const seen = await client.post('/logout');
    expect([seen.status, seen.cookies]).toEqual([200, ['limpet']]);
    expect(sessionIn(client.jar.get('limpet'))).not.toBe(session);
    expect(await itemsOf(client)).toEqual([]);
    for (const path of ['/cart', '/look?item=x']) {
      const late = await edge.client().get(path, { cookie });
      expect([late.status, late.json<{ items: string[] }>().items.includes('one')]).toEqual([200, false]);
    }
    expect(await edge.shard(session, 'locate', 'shop', session)).toEqual({ kind: 'ended' });
  });

  for (const kb of ['', '&kb=20']) {
    it(`[KP11] login: a new id, the same home and state; the old id is ended (${kb === '' ? 'small' : 'large'})`, async () => {
      const { client, session, home } = await regular(edge, kb);
      const cookie = client.jar.header();
      const seen = await client.post('/login');
      expect([seen.status, seen.home, seen.cookies.includes('limpet')]).toEqual([200, home, true]);
      const now = sessionIn(client.jar.get('limpet'));
      expect(now).not.toBe(session);
      expect(await itemsOf(client)).toEqual(['one', 'login']);
      expect(await edge.shard(session, 'locate', 'shop', session)).toEqual({ kind: 'ended' });
      expect((await edge.client().get('/cart', { cookie })).json<{ items: string[] }>().items).toEqual([]);

      await claimElsewhere(edge, now, home === 'a' ? 'b' : 'a');
      await client.get('/look?item=after');
      expect(await itemsOf(client)).toEqual(['one', 'login', 'after']);
    });
  }
});
