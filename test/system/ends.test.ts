import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf, mirrorKey } from '../../worker/core/page.ts';
import { parseSessionId, shardOf } from '../../worker/core/session-id.ts';
import { limpet } from './cli/command.ts';
import type { Client } from './harness/client.ts';
import { sessionIn } from './harness/forge.ts';
import { claimElsewhere } from './harness/lab/elsewhere.ts';
import { type Edge, type Lab, startLab } from './harness/lab.ts';
import { secrets } from './harness/secrets.ts';
import { until } from './harness/until.ts';

let lab: Lab;
let near: Edge;
let far: Edge;
beforeAll(async () => {
  // Each edge has a cache of its own, as two colos have.
  lab = await startLab({
    origins: ['a', 'b'],
    pools: [{ session: { shards: 2 } }, { session: { shards: 2 } }],
    faults: { cache: 'none' },
  });
  [near, far] = lab.edges as [Edge, Edge];
});
afterAll(() => lab?.end());

interface Visitor {
  readonly client: Client;
  readonly cookie: string;
  readonly session: string;
}

/** Somebody with one item in the cart, whom the application knows. */
async function visitor(user: string, item = 'one'): Promise<Visitor> {
  const client = near.client();
  await client.get('/cart');
  await client.post(`/be?user=${user}`);
  await client.post(`/cart?item=${item}`);
  return { client, cookie: client.jar.header(), session: sessionIn(client.jar.get('limpet')) };
}

const operator = async (...words: string[]) => {
  const { code, stdout, stderr } = await limpet([...words, '--url', near.url], {
    ADMIN_TOKEN: secrets.ADMIN_TOKEN,
  });
  if (code !== 0) throw new Error(`limpet ${words.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
};
/** Tells the admin API to, and answers when it has. */
async function ordered(path: string, order: object = {}): Promise<number> {
  const init = {
    method: 'POST',
    headers: { authorization: `Bearer ${secrets.ADMIN_TOKEN}` },
    body: JSON.stringify(order),
  };
  const answer = await fetch(`${near.url}/.limpet/admin/${path}`, init);
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
  return Date.now();
}
const itemsAt = async (edge: Edge, { cookie }: Visitor) =>
  (await edge.client().get('/cart', { cookie })).json<{ items: string[] }>().items;
const isFreshAt = async (edge: Edge, who: Visitor) => (await itemsAt(edge, who)).length === 0;

describe('an operator ends', () => {
  it('[OP5] a session: within two seconds its cookie begins a new one at every edge, though its home has it in memory', async () => {
    const who = await visitor('ada');
    for (const edge of [near, far]) expect(await itemsAt(edge, who)).toEqual(['one']);
    const endedAt = await ordered(`sessions/${who.session}/end`);
    await Promise.all(
      [near, far].map((edge) => until('the cookie begins a new session', () => isFreshAt(edge, who))),
    );
    expect(Date.now() - endedAt).toBeLessThan(2_000);
    const seen = await far.client().get('/cart', { cookie: who.cookie });
    expect([seen.status, seen.outcome, seen.reason]).toEqual([200, 'assigned', 'session_ended']);
    expect(await operator('sessions', 'show', who.session)).toBe(`${who.session} was ended\n`);
  });

  it('[OP5] a session that no request has used for a while: the first one that comes two seconds later begins a new one', async () => {
    const who = await visitor('ada');
    expect(await itemsAt(far, who)).toEqual(['one']);
    const endedAt = await ordered(`sessions/${who.session}/end`);
    // Nobody asks at the far edge meanwhile.
    await until('two seconds are over', () => Date.now() - endedAt >= 2_000);
    expect(await isFreshAt(far, who)).toBe(true);
  });

  it('[OP5] a session of which nothing is stored', async () => {
    const client = near.client();
    await client.get('/who', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' });
    const cookie = client.jar.header();
    expect((await far.client().get('/who', { cookie })).outcome).toBe('kept');
    const session = sessionIn(client.jar.get('limpet'));
    await ordered(`sessions/${session}/end?pool=shop`);
    const isFresh = async () => (await far.client().get('/who', { cookie })).reason === 'session_ended';
    await until('the cookie begins a new session', isFresh, 2_000);
  });

  it('[SB7] all sessions of one subject, and nobody else\u2019s', async () => {
    const [first, second, other] = [await visitor('bob'), await visitor('bob', 'two'), await visitor('eve')];
    const endedAt = await ordered('subject/end', { subject: 'bob' });
    for (const who of [first, second]) await until('it is a new session', () => isFreshAt(far, who));
    expect(Date.now() - endedAt).toBeLessThan(2_000);
    expect(await itemsAt(far, other)).toEqual(['one']);
    expect(await operator('subject', 'end', 'bob')).toBe('0 sessions ended\n');
  });
});

describe('the data of a subject', () => {
  it('[SB12] is exported, as the application wrote it', async () => {
    await visitor('joe');
    const lines = (await operator('subject', 'export', 'joe')).trim().split('\n');
    const [session] = lines.map((line) => JSON.parse(line) as { state: string; pool: string });
    expect([lines.length, session?.pool]).toEqual([1, 'shop']);
    const state = Buffer.from(session?.state ?? '', 'base64').toString();
    expect(JSON.stringify(JSON.parse(state))).toContain('\\"user\\":\\"joe\\"');
  });

  it('[SB9] is erased: nothing of it is left in the shard or in KV', async () => {
    const [mine, gone, other] = [
      await visitor('kim', 'kims-item'),
      await visitor('kim', 'kims-item'),
      await visitor('lee', 'lees-item'),
    ];
    await gone.client.post('/logout');
    for (const { session } of [mine, gone, other]) await near.shard(session, 'fold');
    const inKv = async ({ session }: Visitor) => (await near.kv(keyOf(session))) ?? '';
    expect([await inKv(mine), await inKv(other)]).toEqual([
      expect.stringContaining('kims-item'),
      expect.stringContaining('lees-item'),
    ]);

    expect(await operator('subject', 'erase', 'kim')).toBe('2 sessions erased\n');
    for (const who of [mine, gone]) {
      expect(await inKv(who)).not.toContain('kims-item');
      expect(await near.shard(who.session, 'locate', 'shop', who.session)).toEqual({ kind: 'ended' });
      await until('it is a new session', () => isFreshAt(far, who), 2_000);
    }
    expect(await inKv(other)).toContain('lees-item');
    expect(await operator('subject', 'export', 'kim')).toBe('');
  });
});

function keyOf(text: string): string {
  const session = parseSessionId(text);
  if (session === undefined) throw new Error(`${text} is no session id`);
  return mirrorKey('shop', shardOf(session), bucketOf(session));
}

it('[OP2] the list has every session once, and the ids only when they are asked for', async () => {
  const who = [await visitor('max'), await visitor('max')];
  const short = await operator('sessions', 'list');
  expect(short).not.toContain(who[0]?.session);
  const { sessions } = JSON.parse(await operator('sessions', 'list', '--full', '--json')) as {
    sessions: { session: string; stateBytes: number }[];
  };
  const ids = sessions.map(({ session }) => session);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { session } of who)
    expect(sessions).toContainEqual(expect.objectContaining({ session, labelled: true }));
});

it('[OP7] a write that was fenced is in the list of lost writes, without its query', async () => {
  await far.suffer({ cache: 'none', snapshot: 'frozen' });
  const who = await visitor('ned');
  const { home } = await who.client.get('/who');
  await far.client().get('/who', { cookie: who.cookie });
  await claimElsewhere(near, who.session, home === 'a' ? 'b' : 'a');
  const seen = await far.client().post('/cart?item=two', { cookie: who.cookie });
  expect([seen.status, seen.headers['limpet-code']]).toEqual([409, 'session_moved']);
  const listed = await until('the write is listed', async () => {
    const { pools } = JSON.parse(await operator('lost', '--full', '--json')) as {
      pools: { writes: { session: string }[] }[];
    };
    return pools[0]?.writes.find(({ session }) => session === who.session);
  });
  expect(listed).toMatchObject({ why: 'session_moved', told: 'refused', method: 'POST', path: '/cart' });
  await far.suffer({ cache: 'none' });
});
