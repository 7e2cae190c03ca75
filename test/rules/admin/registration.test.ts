import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { answerOwnPath } from '../../../worker/admin/own-paths.ts';
import { instanceId, originId } from '../../../worker/core/ids.ts';
import { originKey } from '../../../worker/core/origin-key.ts';
import type { Lease, Leased } from '../../../worker/core/registration.ts';
import type { Registrar, Unreachable } from '../../../worker/ports.ts';
import type { Edge } from '../../../worker/visit.ts';
import { createWorld, publicUrl, secrets, startMs } from '../visit.ts';

let edge: Edge;
let said: Leased | Unreachable;
let asked: unknown[];

const instance = 'instance-of-a-test';
const lease: Lease = {
  id: originId('web-1'),
  url: 'http://10.1.2.3:8080',
  weight: 2,
  instance: instanceId(instance),
  stamp: startMs,
  leaseMs: 20_000,
  until: startMs + 20_000,
  openAt: startMs,
  replaced: [],
};

beforeEach(async () => {
  const pool = {
    registration: { ids: 'web-*', hosts: ['10.0.0.0/8', '*.internal'], leaseMs: 20_000, max: 3 },
  };
  const world = await createWorld({ pool, config: { allowPrivate: true } });
  said = { kind: 'leased', lease, newcomer: false };
  asked = [];
  const registrar: Registrar = {
    async register(...words) {
      asked.push(words);
      return said;
    },
    async withdraw(...words) {
      asked.push(words);
      return { kind: 'withdrawn' };
    },
  };
  edge = {
    ...world.edge,
    pools: new Map([[world.pool.name, { ...world.pool, registrar }]]),
    runtime: 'local',
  };
});

interface Word {
  readonly id?: string;
  readonly method?: string;
  readonly stamp?: number;
  readonly body?: string;
  readonly signedBody?: string;
  readonly pool?: string;
}

const wish = { url: 'http://10.1.2.3:8080/', weight: 2, leaseMs: 30_000 };

async function send(word: Word = {}) {
  const { id = 'web-1', method = 'POST', stamp = startMs, pool = 'shop' } = word;
  const { body = method === 'POST' ? JSON.stringify(wish) : '', signedBody = body } = word;
  const key = await originKey(secrets.originSecret, pool, id);
  const message = ['limpet-register-v1', method, id, instance, stamp, signedBody].join('\n');
  const mac = createHmac('sha256', key).update(message).digest('base64url');
  const headers = { 'limpet-instance': instance, 'limpet-signature': `v1.${stamp}.${mac}` };
  const init = { method, headers, ...(body === '' ? {} : { body }) };
  const response = await answerOwnPath(new Request(`${publicUrl}/.limpet/origins/${id}`, init), edge);
  const text = await response.text();
  return { status: response.status, headers: response.headers, ...(text === '' ? {} : JSON.parse(text)) };
}

describe('a registration', () => {
  it('[RG1] is passed to the monitor with the lease that the pool grants at most', async () => {
    expect(await send()).toMatchObject({ status: 200, pool: 'shop', leaseMs: 20_000 });
    const url = 'http://10.1.2.3:8080';
    expect(asked).toEqual([[{ id: 'web-1', url, weight: 2, instance, stamp: startMs, leaseMs: 20_000 }, 3]]);
    expect(await send({ body: '{"url":"http://a.internal"}' })).toMatchObject({
      status: 200,
      leaseMs: 20_000,
    });
  });

  it('[RG7] is withdrawn by the same key', async () => {
    expect(await send({ method: 'DELETE' })).toMatchObject({ status: 204 });
    expect(asked).toEqual([['web-1', instance, startMs]]);
  });

  it('[RG1] by whoever has no key of this very id, pool, method and body is nothing', async () => {
    const forged: Word[] = [
      { pool: 'blog' },
      { signedBody: '{}' },
      { stamp: startMs, id: 'web-2', pool: 'shop2' },
    ];
    for (const word of forged)
      expect(await send(word)).toMatchObject({ status: 401, code: 'signature_invalid' });
    expect(await send({ id: 'api-1' })).toMatchObject({ status: 404, code: 'not_registrable' });
    expect(asked).toEqual([]);
  });

  it('[RG4] whose time is off is told the time, if it is signed', async () => {
    const late = await send({ stamp: startMs - 60_001 });
    expect(late).toMatchObject({ status: 401, code: 'clock_differs' });
    expect(late.headers.get('limpet-time')).toBe(String(startMs));
    expect((await send({ stamp: startMs - 86_400_000, pool: 'blog' })).headers.get('limpet-time')).toBeNull();
    expect(asked).toEqual([]);
  });

  it.each([
    ['{"url":"http://169.254.169.254"}', 403, 'url_refused'],
    ['{"url":"http://11.0.0.1"}', 403, 'url_refused'],
    ['{"url":"http://a.internal:9000"}', 409, 'url_taken'],
    ['{"url":"http://10.0.0.1","weight":-1}', 400, 'malformed'],
    ['{"url":"http://10.0.0.1","leaseMs":10}', 400, 'malformed'],
    ['[', 400, 'malformed'],
    ['null', 400, 'malformed'],
    [`{"url":"${'x'.repeat(5_000)}"}`, 400, 'malformed'],
  ])('[RG3] with the body %.40s is answered %d %s', async (body, status, code) => {
    expect(await send({ body })).toMatchObject({ status, code });
    expect(asked).toEqual([]);
  });

  it('[RG3] that the monitor refuses, or that nobody hears, says so', async () => {
    const refusals: (Leased | Unreachable)[] = [
      { kind: 'replaced' },
      { kind: 'url_taken', by: originId('web-9') },
      { kind: 'configured' },
      { kind: 'pool_full' },
      { kind: 'unreachable', why: 'away' },
    ];
    const codes: unknown[] = [];
    for (const refusal of refusals) {
      said = refusal;
      const { status, code } = await send();
      codes.push([status, code]);
    }
    expect(codes).toEqual([
      [409, 'replaced'],
      [409, 'url_taken'],
      [409, 'configured'],
      [409, 'pool_full'],
      [503, 'monitor_unreachable'],
    ]);
  });

  it('[RG3] is off unless a pool says otherwise', async () => {
    edge = (await createWorld()).edge;
    expect(await send()).toMatchObject({ status: 404, code: 'not_registrable' });
  });
});
