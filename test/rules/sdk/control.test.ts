import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createOrigin } from '../../../sdk/origin.ts';
import { KEY, SESSION, sentRequest } from './sent-request.ts';

let nowMs = 1_000_000;

function setUp() {
  const puts: string[] = [];
  const origin = createOrigin({
    origin: 'a',
    key: KEY,
    now: () => nowMs,
    storeDeadlineMs: 50,
    onProblem: () => undefined,
    async fetch(url, init) {
      puts.push(`${init.method} ${url}`);
      return new Response('{}', { status: 503 });
    },
  });
  const visit = async (sent: Record<string, string> = {}) => {
    const arrival = await origin.arrive(sentRequest({ sent }));
    if (arrival.kind !== 'visit') throw new Error(`arrived as ${JSON.stringify(arrival)}`);
    return arrival.visit;
  };
  const order = async (what: string, key = KEY) => {
    const mac = createHmac('sha256', Buffer.from(key, 'base64url'))
      .update(`limpet-control-v1\n29900000\n${what}`)
      .digest('base64url');
    const headers: Record<string, string> = {
      'limpet-control': what,
      'limpet-signature': `v1.29900000.${mac}`,
    };
    const arrival = await origin.arrive({
      method: 'GET',
      target: '/.limpet/control',
      header: (name) => headers[name],
    });
    if (arrival.kind !== 'refused') throw new Error('an order is nobody’s visit');
    const { status, body } = arrival.refusal;
    return { status, said: JSON.parse(body) };
  };
  return { origin, visit, order, puts };
}

describe('Limpet-Control', () => {
  it('[DN9] account says what is in flight here, and how long ago the last request left', async () => {
    const { origin, visit, order } = setUp();
    expect(await order('account')).toMatchObject({
      status: 200,
      said: { instance: origin.instance, inFlight: 0, released: [] },
    });
    const first = await visit({ 'limpet-new': '1' });
    expect((await order('account')).said).toMatchObject({ inFlight: 1, quietMs: 0 });
    first.close();
    first.close();
    nowMs += 700;
    expect((await order('account')).said).toMatchObject({ inFlight: 0, quietMs: 700 });
  });

  it('[DN9] release drops a copy that the store has and nobody uses, and names it', async () => {
    const { visit, order, puts } = setUp();
    (await visit({ 'limpet-state': 'e30', 'limpet-version': '7' })).close();
    expect((await order(`release ${SESSION}:3:7`)).said.released).toEqual([SESSION]);
    const again = await setUp().order(`release ${SESSION}:3:7`);
    expect(again.said.released).toEqual([SESSION]);
    // The copy is gone: the next request claims.
    await expect(visit()).rejects.toThrow('state_needed');
    expect(puts.every((put) => put.startsWith('POST'))).toBe(true);
  });

  it.each([
    ['a request uses it', '3:7', async (visit: () => Promise<{ close(): void }>) => void (await visit())],
    ['the store has an older version', '3:6', async () => undefined],
    ['it is of another epoch', '2:7', async () => undefined],
  ])('[DN9] nothing is released while %s', async (_what, at, meanwhile) => {
    const { visit, order } = setUp();
    (await visit({ 'limpet-state': 'e30', 'limpet-version': '7' })).close();
    await meanwhile(visit);
    expect((await order(`release ${SESSION}:${at}`)).said.released).toEqual([]);
    (await visit()).close();
  });

  it('[DN9] nothing is released while a claim of it is under way', async () => {
    const { origin, order } = setUp();
    const arriving = origin.arrive(sentRequest());
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect((await order(`release ${SESSION}:3:7`)).said.released).toEqual([]);
    await arriving;
  });

  it('[DN9] an order that is forged is 403, one that is unknown 400, and nothing happens', async () => {
    const { visit, order } = setUp();
    (await visit({ 'limpet-state': 'e30', 'limpet-version': '7' })).close();
    const other = 'A'.repeat(43);
    expect(await order(`release ${SESSION}:3:7`, other)).toMatchObject({
      status: 403,
      said: { code: 'signature_invalid' },
    });
    for (const unknown of ['dance', 'release', 'release x', `release ${SESSION}:3`])
      expect(await order(unknown)).toMatchObject({ status: 400, said: { code: 'order_unknown' } });
    (await visit()).close();
  });
});

describe('Limpet-Drain', () => {
  it('[DN6] an instance that asks to be drained says so with every answer from then on', async () => {
    const { origin, visit } = setUp();
    (await visit({ 'limpet-state': 'e30', 'limpet-version': '7' })).close();
    const before = await visit();
    expect(before.seal('whole')).toEqual({ kind: 'ready', headers: [] });
    before.close();
    origin.askToDrain();
    const after = await visit();
    const said = [
      ['limpet-instance', origin.instance],
      ['limpet-drain', '1'],
    ];
    expect(after.seal('whole')).toEqual({ kind: 'ready', headers: said });
    after.close();
  });
});

describe('Limpet-Release', () => {
  it('[DN2] a login on its way keeps its session from being released beside it', async () => {
    const { visit } = setUp();
    const login = await visit({ 'limpet-state': 'e30', 'limpet-version': '7' });
    const beside = await visit({ 'limpet-release': '1' });
    login.rotate();
    expect(login.seal('whole')).toMatchObject({ kind: 'ready' });
    login.close();
    const sealed = beside.seal('whole');
    expect(JSON.stringify(sealed)).not.toContain('limpet-released');
  });
});

describe('Limpet-Unstored', () => {
  it('[OS7] a change stays in the copy, nothing is put and nothing promised', async () => {
    const { visit, puts } = setUp();
    const changing = await visit({ 'limpet-state': 'e30', 'limpet-version': '7' });
    changing.close();
    const unstored = await visit({ 'limpet-unstored': '1' });
    unstored.change(new Uint8Array(4_000));
    expect(unstored.seal('whole')).toEqual({ kind: 'ready', headers: [] });
    unstored.change(new Uint8Array(4_001));
    expect(await unstored.late()).toBeUndefined();
    unstored.close();
    const next = await visit();
    expect([next.copy.state.length, next.copy.storedVersion, puts]).toEqual([4_001, 7, []]);
  });
});
