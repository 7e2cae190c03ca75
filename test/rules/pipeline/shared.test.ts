import { beforeEach, describe, expect, it } from 'vitest';
import type { SessionInput } from '../../../worker/config/input.ts';
import { parseSessionId } from '../../../worker/core/session-id.ts';
import type { Stamp } from '../../../worker/core/stamp.ts';
import { identify } from '../../../worker/steps/identify.ts';
import { sealed, unsealed } from '../../../worker/steps/sealed-state.ts';
import { a, contractReply, createWorld, type Sent, session, type World } from '../visit.ts';
import { codeOf, pathIn } from './scene.ts';

let world: World;
let cookie: string;

async function begin(policy: SessionInput = {}): Promise<void> {
  world = await createWorld({
    config: { debug: 'always' },
    pool: { session: { mode: 'external', ...policy } },
  });
  cookie = await world.cookie();
}
beforeEach(() => begin());

const send = (method: 'GET' | 'POST') =>
  world.send({ method, headers: { cookie, ...(method === 'POST' ? { 'content-length': '0' } : {}) } });
/** Origin a says one thing, and then another. */
function says(...answers: Record<string, string>[]): void {
  world.origins.set(a, () => contractReply(answers.shift() ?? {}));
}
/** As an origin of the pool stores it, by the API. */
const stored = (text: string) =>
  world.pool.states?.put(session, {
    expected: { epoch: 0, version: 0 },
    nonce: 'n1',
    state: { bytes: new Uint8Array(new TextEncoder().encode(text)), seal: '', epoch: 0 },
    assumed: { home: a, epoch: 0 },
    limits: { expiresAt: world.clock.now() + 600_000, endsAt: world.clock.now() + 600_000 },
  });

describe('what an origin says of a state that it shares', () => {
  it('[XS40] it is told that the state is shared, and what its client gets when the store is away', async () => {
    await send('GET');
    await send('POST');
    await begin({ onStoreFailure: 'serve' });
    await send('GET');
    await send('GET');
    expect(world.sent.map(({ headers }) => headers.get('limpet-store'))).toEqual([
      'shared; unreachable=serve',
      'shared; unreachable=serve',
    ]);
    const other = await createWorld();
    await other.send({ headers: { cookie: await other.cookie() } });
    expect(other.sent[0]?.headers.get('limpet-store')).toBeNull();
  });

  it('[XS41] changed: an unsafe request is 409 state_changed, and listed; a safe one is done again', async () => {
    says({ 'limpet-refused': 'changed' });
    expect(codeOf(await send('POST'))).toEqual([409, 'state_changed']);
    expect(world.lost).toMatchObject([{ session, why: 'state_changed', told: 'refused' }]);
    says({ 'limpet-refused': 'changed' }, {});
    world.sent.length = 0;
    expect((await send('GET')).status).toBe(200);
    expect(pathIn(world)).toEqual([a, a]);
  });

  it('[XS42] it could not read the store: 503, and nothing was executed', async () => {
    world.origins.set(a, () => contractReply({ 'limpet-need': 'store' }, { status: 409 }));
    const answer = await send('POST');
    expect([...codeOf(answer), answer.headers.get('retry-after')]).toEqual([503, 'store_unreachable', '5']);
    expect(world.lost).toEqual([]);
  });

  it('[XS43] it could not write, and answers all the same: the outcome says so, and it is listed', async () => {
    says({ 'limpet-unstored': '1' });
    const answer = await send('POST');
    expect([answer.status, answer.headers.get('limpet-outcome')]).toEqual([200, 'unstored']);
    expect(world.lost).toMatchObject([{ session, why: 'store_unreachable', told: 'answered' }]);
  });

  it('[XS44] a state in the answer itself is not taken, and the client is not told that it is kept', async () => {
    says({ 'limpet-state': 'e30', 'limpet-version': '1' });
    expect(codeOf(await send('POST'))).toEqual([502, 'protocol_error']);
    expect(world.shards.row(session)).toBeUndefined();
  });

  it('[XS45] a logout ends the session in the store and on the map, and raises nobody', async () => {
    await stored('{}');
    says({ 'limpet-end': '1' });
    const answer = await send('POST');
    expect(answer.status).toBe(200);
    expect((await world.told(answer))?.session).not.toBe(session);
    expect(await world.pool.states?.get(session)).toEqual({ kind: 'ended' });
    expect(world.shards.raised).toEqual([]);
  });

  it('[XS48] a state is taken along to the key that the application makes, and to the one of a login', async () => {
    world = await createWorld({
      pool: { session: { mode: 'external' }, affinity: [{ by: 'cookie:JSESSIONID' }] },
    });
    const named = (key: string) => ({ 'set-cookie': `JSESSIONID=${key}; Path=/` });
    const idOf = async (key: string) => {
      const identity = await identify(await world.visit({ headers: { cookie: `JSESSIONID=${key}` } }));
      return identity.kind === 'keyed' ? identity.session : session;
    };
    const textOf = async (key: string) => {
      const held = await world.pool.states?.get(await idOf(key));
      const state = held?.kind === 'held' ? held.state : undefined;
      const bytes = state && (await unsealed(world.pool.keyring, await idOf(key), state));
      return bytes === undefined ? held?.kind : new TextDecoder().decode(bytes);
    };
    /** The origin puts its state under the id that it was sent, and then says so. */
    const putting =
      (text: string, expected: Stamp, headers: Record<string, string>) => async (sent: Sent) => {
        const id = parseSessionId(sent.headers.get('limpet-session') ?? '') ?? session;
        await world.pool.states?.put(id, {
          expected,
          nonce: text,
          state: await sealed(world.pool.keyring, id, 0, new Uint8Array(new TextEncoder().encode(text))),
          assumed: { home: sent.origin, epoch: 0 },
          limits: { expiresAt: world.clock.now() + 600_000, endsAt: world.clock.now() + 600_000 },
        });
        return contractReply({ 'limpet-version': '1', ...headers });
      };
    const all = (answer: ReturnType<typeof putting>) => {
      for (const id of world.pool.origins.keys()) world.origins.set(id, answer);
    };
    all(putting('first', { epoch: 0, version: 0 }, named('one')));
    expect((await world.send({ method: 'POST' })).status).toBe(200);
    expect(await textOf('one')).toBe('first');
    all(putting('second', { epoch: 0, version: 1 }, { 'limpet-rotate': '1', ...named('two') }));
    const login = await world.send({ method: 'POST', headers: { cookie: 'JSESSIONID=one' } });
    expect([login.status, await textOf('two'), await textOf('one')]).toEqual([200, 'second', 'ended']);
  });

  it('[XS45] without the store a logout is 503', async () => {
    says({ 'limpet-end': '1' });
    world.shards.goAway();
    expect(codeOf(await send('POST'))).toEqual([503, 'store_unreachable']);
  });
});
