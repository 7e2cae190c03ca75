import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import type { SessionInput } from '../../../worker/config/input.ts';
import { a, b, createWorld, instance, session, sessionNo, startMs, type World } from '../visit.ts';

const at = `/.limpet/sessions/${session}`;

let world: World;
let authorization: string;

/** What origin a was given with a request of the session. */
async function begin(policy: SessionInput): Promise<void> {
  world = await createWorld({ pool: { session: policy } });
  await world.send({ headers: { cookie: await world.cookie() } });
  authorization = `Bearer ${world.sent[0]?.headers.get('limpet-api')?.split(' ')[1]}`;
}

async function call(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
  const request = new Request(`https://shop.example.com${path}`, {
    method,
    headers: { authorization, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const response = await answerOwnPath(request, world.edge);
  const { status } = response;
  const [etag, code] = [response.headers.get('etag'), response.headers.get('limpet-code')];
  return { status, etag, code, text: await response.text(), headers: response.headers };
}
const get = (headers: Record<string, string> = {}) => call('GET', at, headers);
const put = (etag: string | undefined, body = '{"cart":[1]}', headers: Record<string, string> = {}) =>
  call('PUT', at, { ...(etag === undefined ? {} : { 'if-match': etag }), ...headers }, body);

describe('the store API of a pool whose origins share their states', () => {
  beforeEach(() => begin({ mode: 'external' }));

  it('[XS10] what is put on the ETag that was read is read with the next one', async () => {
    expect(await get()).toMatchObject({ status: 200, etag: '"0.0"', text: '' });
    expect(await put('"0.0"')).toMatchObject({ status: 200, etag: '"0.1"' });
    const { headers, ...read } = await get();
    expect(read).toMatchObject({ status: 200, etag: '"0.1"', text: '{"cart":[1]}' });
    expect(headers.get('cache-control')).toBe('no-store');
    expect([headers.get('limpet-epoch'), headers.get('limpet-version')]).toEqual(['0', '1']);
  });

  it('[XS10] what the reader has already is not sent again', async () => {
    await put('"0.0"');
    expect(await get({ 'if-none-match': '"0.1"' })).toMatchObject({ status: 304, etag: '"0.1"', text: '' });
    expect(await get({ 'if-none-match': '"0.0"' })).toMatchObject({ status: 200 });
  });

  it('[XS11] any other ETag is 412 with the one to read, and nothing is stored', async () => {
    await put('"0.0"', 'one');
    expect(await put('"0.0"', 'two')).toMatchObject({ status: 412, code: 'state_changed', etag: '"0.1"' });
    expect(await get()).toMatchObject({ text: 'one' });
  });

  it('[XS11] a put without If-Match is 428, and with what is no ETag of ours 400', async () => {
    expect(await put(undefined)).toMatchObject({ status: 428, code: 'precondition_required' });
    for (const etag of ['*', 'W/"0.0"', '"0.0", "0.1"', '0.0', '"x"'])
      expect(await put(etag)).toMatchObject({ status: 400, code: 'malformed' });
    expect(world.shards.calls).toEqual([]);
  });

  it('[XS11] repeated under its Limpet-Request a put is the same one', async () => {
    const named = { 'limpet-request': 'nonce-0001' };
    await put('"0.0"', 'one', named);
    expect(await put('"0.0"', 'one', named)).toMatchObject({ status: 200, etag: '"0.1"' });
  });

  it('[XS11] a Limpet-Request that names no call is 400: two puts under it would be one', async () => {
    for (const name of ['', 'short', 'x'.repeat(129)])
      expect(await put('"0.0"', 'one', { 'limpet-request': name })).toMatchObject({
        status: 400,
        code: 'malformed',
      });
    expect(world.shards.calls).toEqual([]);
  });

  it('[OS7] with the kill switch on a state is still read, and nothing is stored', async () => {
    await put('"0.0"', 'one');
    world.routeOnly = true;
    expect(await get()).toMatchObject({ status: 200, text: 'one' });
    for (const answer of [await put('"0.1"'), await call('POST', `${at}/touch`), await call('DELETE', at)])
      expect(answer).toMatchObject({ status: 503, code: 'route_only' });
    world.routeOnly = false;
    expect(await get()).toMatchObject({ text: 'one', etag: '"0.1"' });
  });

  it('[XS12] any origin of the pool may read and write, wherever the session lives', async () => {
    await put('"0.0"', 'one');
    world.standing(a, { health: 'down' });
    await world.send({ headers: { cookie: await world.cookie() } });
    expect(world.shards.row(session)).toMatchObject({ epoch: 1 });
    expect(world.shards.row(session)?.home).not.toBe(a);
    expect(await get()).toMatchObject({ status: 200, etag: '"1.1"', text: 'one' });
    expect(await put('"0.1"', 'two')).toMatchObject({ status: 412, etag: '"1.1"' });
    expect(await put('"1.1"', 'two')).toMatchObject({ status: 200, etag: '"1.2"' });
  });

  it('[XS12] a capability is still of one session', async () => {
    expect(await call('GET', `/.limpet/sessions/${sessionNo(2)}`)).toMatchObject({ status: 401 });
  });

  it('[XS13] an end is for good, and with If-Match only of what was read', async () => {
    await put('"0.0"');
    expect(await call('DELETE', at, { 'if-match': '"0.0"' })).toMatchObject({ status: 412, etag: '"0.1"' });
    expect(await call('DELETE', at)).toMatchObject({ status: 204 });
    for (const answer of [await get(), await put('"0.1"'), await call('POST', `${at}/touch`)])
      expect(answer).toMatchObject({ status: 410, code: 'session_ended' });
    expect(await call('DELETE', at)).toMatchObject({ status: 204 });
  });

  it('[XS14] a touch moves the expiry on', async () => {
    await put('"0.0"');
    await world.clock.pass(600_000);
    expect(await call('POST', `${at}/touch`)).toMatchObject({ status: 204 });
    expect(world.shards.row(session)).toMatchObject({ expiresAt: startMs + 2_400_000, version: 1 });
  });

  it('[XS15] there are no claims', async () => {
    const claiming = { 'limpet-epoch': '0', 'limpet-instance': instance, 'limpet-request': 'nonce-0001' };
    expect(await call('POST', `${at}/claim`, claiming)).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('[XS16] a state whose seal does not fit is not handed over, and not taken for none', async () => {
    await put('"0.0"');
    const forged = { bytes: new TextEncoder().encode('{"admin":true}'), seal: 'A'.repeat(22), epoch: 0 };
    world.shards.write(session, world.shards.slot(session), forged);
    expect(await get()).toMatchObject({ status: 500, code: 'state_refused' });
  });

  it('[XS17] too large is 413, and a store that does not answer 503 with Retry-After', async () => {
    expect(await put('"0.0"', 'x', { 'content-length': '99999999' })).toMatchObject({ status: 413 });
    world.shards.goAway();
    const answers = [
      await get(),
      await put('"0.0"'),
      await call('POST', `${at}/touch`),
      await call('DELETE', at),
    ];
    for (const { status, code, headers } of answers)
      expect([status, code, headers.get('retry-after')]).toEqual([503, 'store_unreachable', '1']);
  });
});

describe('the store API of a pool whose sessions live on one origin each', () => {
  beforeEach(() => begin({}));

  it('[SA15] hands an origin what is its own, with its ETag', async () => {
    expect(await get()).toMatchObject({ status: 200, etag: '"0.0"', text: '' });
    await world.store('{"cart":[1]}', { version: 7 });
    expect(await get()).toMatchObject({ status: 200, etag: '"0.7"', text: '{"cart":[1]}' });
    expect(await get({ 'if-none-match': '"0.7"' })).toMatchObject({ status: 304 });
  });

  it('[SA15] and nothing of a session that lives elsewhere, or has ended', async () => {
    await world.store('{}', { home: b, epoch: 1 });
    for (const answer of [await get(), await call('POST', `${at}/touch`)])
      expect(answer).toMatchObject({ status: 409, code: 'elsewhere' });
    world.shards.write(session, { kind: 'ended', endsAt: startMs + 1_000_000 });
    for (const answer of [await get(), await call('POST', `${at}/touch`)])
      expect(answer).toMatchObject({ status: 410, code: 'session_ended' });
  });

  it('[SA16] a touch moves the expiry on', async () => {
    await world.store('{}');
    await world.clock.pass(600_000);
    expect(await call('POST', `${at}/touch`)).toMatchObject({ status: 204 });
    expect(world.shards.row(session)).toMatchObject({ expiresAt: startMs + 2_400_000 });
  });

  it('[SA17] a put may say with If-Match which state it was written on; the fence stands beside it', async () => {
    const storing = { 'limpet-instance': instance, 'limpet-epoch': '0' };
    await world.store('{}', { version: 7 });
    expect(await put('"0.6"', 'x', { ...storing, 'limpet-version': '8' })).toMatchObject({
      status: 412,
      code: 'state_changed',
      etag: '"0.7"',
    });
    expect(await put('"0.7"', 'x', { ...storing, 'limpet-version': '8' })).toMatchObject({ status: 200 });
    await world.store('{}', { home: b, epoch: 1, version: 9 });
    expect(await put('"1.9"', 'x', { ...storing, 'limpet-version': '10' })).toMatchObject({ status: 409 });
  });

  it('[SA15] a shard that does not answer is 503', async () => {
    world.shards.goAway();
    for (const answer of [await get(), await call('POST', `${at}/touch`)])
      expect(answer).toMatchObject({ status: 503, code: 'store_unreachable' });
  });
});
