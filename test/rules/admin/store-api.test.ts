import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath, isOwnPath } from '../../../worker/admin/own-paths.ts';
import { pack } from '../../../worker/core/packing.ts';
import { a, b, createWorld, instance, session, sessionNo, startMs, type World } from '../visit.ts';

const at = `/.limpet/sessions/${session}`;
const identified = { 'limpet-instance': instance };
const claiming = { ...identified, 'limpet-epoch': '0', 'limpet-request': 'nonce-0001' };
const storing = { ...identified, 'limpet-epoch': '0', 'limpet-version': '2' };

let world: World;
let authorization: string;

beforeEach(async () => {
  world = await createWorld();
  await world.send({ headers: { cookie: await world.cookie() } });
  authorization = `Bearer ${world.sent[0]?.headers.get('limpet-api')?.split(' ')[1]}`;
});

async function call(method: string, path: string, headers: Record<string, string>, body?: string) {
  const request = new Request(`https://shop.example.com${path}`, {
    method,
    headers: { authorization, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const response = await answerOwnPath(request, world.edge);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    code: response.headers.get('limpet-code'),
  };
}
const claimed = (headers: Record<string, string> = {}) =>
  call('POST', `${at}/claim`, { ...claiming, ...headers });
const put = (headers: Record<string, string> = {}, body = '{"cart":[1]}') =>
  call('PUT', at, { ...storing, ...headers }, body);

describe('the store API', () => {
  it('[SA1] is under /.limpet/, where no origin is asked', () => {
    expect([isOwnPath('/.limpet/sessions/x'), isOwnPath('/.limpets'), isOwnPath('/shop/.limpet/')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['PATCH', at],
    ['GET', `${at}/touch`],
    ['PUT', `${at}/claim`],
    ['POST', at],
    ['POST', '/.limpet/sessions'],
    ['POST', `${at}/claim/again`],
    ['GET', '/.limpet/'],
    ['GET', '/.limpet/%zz'],
  ])('[SA2] %s %s is no endpoint: 404', async (method, path) => {
    expect(await call(method, path, {})).toMatchObject({ status: 404, code: 'not_found' });
  });

  it.each([
    ['POST', `${at}/claim`],
    ['PUT', at],
    ['DELETE', at],
    ['DELETE', `/.limpet/sessions/${sessionNo(2)}`],
    ['DELETE', '/.limpet/sessions/nobody'],
    ['DELETE', '/.limpet/sessions/%zz'],
  ])('[SA3] %s %s without a capability for this session is 401, and asks no shard', async (method, path) => {
    const without = path === at || path === `${at}/claim` ? { authorization: '' } : {};
    expect(await call(method, path, { ...claiming, ...storing, ...without })).toMatchObject({
      status: 401,
      code: 'capability_invalid',
    });
    expect(world.shards.calls).toEqual([]);
  });

  it('[SA4] an answer that is not 2xx is JSON with a code and a sentence, and nobody’s to keep', async () => {
    const { headers, text } = await claimed({ 'limpet-epoch': 'x' });
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    expect(JSON.parse(text)).toEqual({
      code: 'malformed',
      message: expect.stringMatching(/^This call needs Limpet-Epoch, .*\.$/),
    });
  });

  it.each([
    ['a claim', 'POST', `${at}/claim`, claiming, ['limpet-epoch', 'limpet-instance', 'limpet-request']],
    ['a put', 'PUT', at, storing, ['limpet-epoch', 'limpet-version', 'limpet-instance']],
    ['an end', 'DELETE', at, identified, ['limpet-instance']],
  ])(
    '[SA5] %s needs each of its headers, well-formed',
    async (_what, method, path, headers: Record<string, string>, needed) => {
      for (const name of needed) {
        expect(await call(method, path, { ...headers, [name]: '-' })).toMatchObject({
          status: 400,
          code: 'malformed',
        });
      }
      expect(world.shards.calls).toEqual([]);
    },
  );
});

describe('a claim through the API', () => {
  it('[SA6] hands over the newest state with its version, at the next epoch', async () => {
    await world.store('{"cart":[1]}', { version: 7, instance });
    const { status, headers, text } = await claimed();
    expect([status, headers.get('limpet-epoch'), headers.get('limpet-version'), text]).toEqual([
      200,
      '1',
      '7',
      '{"cart":[1]}',
    ]);
  });

  it('[SA6] hands over nothing where nothing is stored', async () => {
    const { status, headers, text } = await claimed();
    expect([status, headers.get('limpet-epoch'), headers.get('limpet-version'), text]).toEqual([
      200,
      '1',
      '0',
      '',
    ]);
  });

  it('[SA7] repeated under its nonce gets the same epoch', async () => {
    const first = await claimed();
    expect((await claimed()).headers.get('limpet-epoch')).toBe(first.headers.get('limpet-epoch'));
    expect(await claimed({ 'limpet-request': 'nonce-0002' })).toMatchObject({ status: 409, code: 'claimed' });
  });

  it('[SA8] of a session that lives elsewhere gets 409 elsewhere; of an ended one 410', async () => {
    await world.store('{}', { home: b, epoch: 1 });
    expect(await claimed()).toMatchObject({ status: 409, code: 'elsewhere' });
    world.shards.write(session, { kind: 'ended', endsAt: startMs + 1_000_000 });
    expect(await claimed()).toMatchObject({ status: 410, code: 'session_ended' });
  });

  it('[SA9] never hands over a state whose seal does not fit, and counts it', async () => {
    await world.store('{}', { version: 7 });
    world.shards.write(session, world.shards.slot(session), {
      bytes: new TextEncoder().encode('{"admin":true}'),
      seal: 'A'.repeat(22),
      epoch: 0,
    });
    expect(await claimed()).toMatchObject({ status: 200, text: '' });
    expect(world.edge.counters.all()).toMatchObject({ 'state_refused.seal': 1 });
  });
});

describe('a put through the API', () => {
  it('[SA10] is stored under a seal, and repeating it is harmless', async () => {
    expect(await put()).toMatchObject({ status: 200, text: '{"result":"stored"}' });
    expect(await put()).toMatchObject({ status: 200, text: '{"result":"superseded"}' });
    expect(world.shards.row(session)).toMatchObject({
      home: a,
      instance,
      epoch: 0,
      version: 2,
      expiresAt: startMs + 1_800_000,
      endsAt: startMs + 43_200_000,
    });
    expect(await claimed()).toMatchObject({ text: '{"cart":[1]}' });
  });

  it('[LS3] is stored packed where that pays, and handed over as it was given', async () => {
    const state = `{"cart":"${'one, '.repeat(1_000)}"}`;
    expect(await put({}, state)).toMatchObject({ status: 200 });
    expect(world.shards.state(session)?.bytes.length).toBeLessThan(500);
    expect(await claimed()).toMatchObject({ text: state });
  });

  it('[LS3] what is packed is not unpacked when its seal does not fit', async () => {
    await put({}, 'x'.repeat(5_000));
    const stored = world.shards.state(session);
    const other = await pack(new TextEncoder().encode('y'.repeat(5_000)));
    if (stored === undefined) throw new Error('nothing is stored');
    world.shards.write(session, world.shards.slot(session), { ...stored, bytes: other });
    expect(await claimed()).toMatchObject({ status: 200, text: '' });
  });

  it('[SA11] of a session that moved is fenced; of an ended one 410', async () => {
    await world.store('{}', { home: b, epoch: 1 });
    expect(await put()).toMatchObject({ status: 409, code: 'session_moved' });
    world.shards.write(session, { kind: 'ended', endsAt: startMs + 1_000_000 });
    expect(await put()).toMatchObject({ status: 410, code: 'session_ended' });
  });

  it('[SA12] larger than the pool allows is 413, whether it says so or not, and the previous state stays', async () => {
    expect(await put({}, 'x'.repeat(8_388_609))).toMatchObject({ status: 413, code: 'state_too_large' });
    expect(await put({ 'content-length': '8388609' })).toMatchObject({ status: 413 });
    expect(world.shards.calls).toEqual([]);
    expect(await put({}, 'x'.repeat(262_144))).toMatchObject({ status: 200 });
  });
});

describe('an end through the API', () => {
  it('[SA13] ends the session for good', async () => {
    await world.store('{}');
    expect(await call('DELETE', at, identified)).toMatchObject({ status: 204, text: '' });
    expect(world.shards.slot(session)).toEqual({ kind: 'ended', endsAt: startMs + 43_200_000 });
    expect(await put()).toMatchObject({ status: 410 });
  });
});

describe('a shard that does not answer', () => {
  it('[SA14] is 503 store_unreachable with Retry-After, whatever was asked', async () => {
    world.shards.goAway();
    for (const answer of [await claimed(), await put(), await call('DELETE', at, identified)]) {
      expect([answer.status, answer.code, answer.headers.get('retry-after')]).toEqual([
        503,
        'store_unreachable',
        '1',
      ]);
    }
  });
});
