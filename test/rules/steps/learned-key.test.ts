import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../worker/core/identity.ts';
import { shardOf } from '../../../worker/core/session-id.ts';
import { identify } from '../../../worker/steps/identify.ts';
import { createWorld, visitTo, type WorldOptions } from '../visit.ts';

const by = (...rules: ('cookie' | 'ip' | `cookie:${string}` | `header:${string}`)[]): WorldOptions => ({
  pool: { affinity: rules.map((rule) => ({ by: rule })) },
});
const identityOf = async (headers: Record<string, string>, options: WorldOptions): Promise<Identity> =>
  identify(await visitTo({ headers }, options));

describe('a learned key', () => {
  const byCookie = by('cookie:JSESSIONID');

  it('[LK3] gives one session and one place everywhere: in every isolate, and whatever else the request says', async () => {
    const first = await identityOf({ cookie: 'JSESSIONID=abc' }, byCookie);
    expect(first).toMatchObject({
      kind: 'keyed',
      session: expect.stringMatching(/^xx00[0-9a-z]{3}[\w-]{22}$/),
    });
    expect(
      await identityOf({ cookie: 'theme=dark; JSESSIONID="abc"', 'user-agent': 'other' }, byCookie),
    ).toEqual(first);
    expect(await identityOf({ cookie: 'JSESSIONID=abd' }, byCookie)).not.toEqual(first);
  });

  it('[LK4] of one kind is never that of another with the same text', async () => {
    const keys = await Promise.all([
      identityOf({ cookie: 'sid=abc' }, by('cookie:sid')),
      identityOf({ cookie: 'session=abc' }, by('cookie:session')),
      identityOf({ 'x-session': 'abc' }, by('header:x-session')),
    ]);
    expect(new Set(keys.map((key) => (key.kind === 'keyed' ? key.session : key.kind))).size).toBe(3);
  });

  it('[LK5] lives on the same shard whatever the number of shards is', async () => {
    const headers = { cookie: 'JSESSIONID=abc' };
    const withShards = (shards: number) =>
      identityOf(headers, { pool: { affinity: [{ by: 'cookie:JSESSIONID' }], session: { shards } } });
    expect(await withShards(1)).toEqual(await withShards(4096));
  });

  it('[LK5] and keys spread over many shards', async () => {
    const keys = await Promise.all(
      Array.from({ length: 60 }, (_, at) => identityOf({ cookie: `JSESSIONID=${at}` }, byCookie)),
    );
    expect(
      new Set(keys.map((key) => (key.kind === 'keyed' ? shardOf(key.session) : ''))).size,
    ).toBeGreaterThan(30);
  });

  it('[LK6] of an address is its network', async () => {
    const at = (address: string) => identityOf({ 'cf-connecting-ip': address }, by('ip'));
    expect(await at('2001:db8:1:2::1')).toEqual(await at('2001:db8:1:2:ffff::9'));
    expect(await at('2001:db8:1:3::1')).not.toEqual(await at('2001:db8:1:2::1'));
  });

  it.each([
    ['absent', {}],
    ['empty', { cookie: 'JSESSIONID=' }],
    ['of a longer name', { cookie: 'JSESSIONID2=abc' }],
  ])(
    '[LK7] that is %s is none: the next rule is asked, and without one affinity ends with this request',
    async (_what, headers) => {
      expect(await identityOf(headers, byCookie)).toEqual({ kind: 'stateless' });
      expect(
        await identityOf({ ...headers, 'x-session': 'abc' }, by('cookie:JSESSIONID', 'header:x-session')),
      ).toMatchObject({ kind: 'keyed' });
      expect(await identityOf(headers, by('cookie:JSESSIONID', 'cookie'))).toMatchObject({
        kind: 'new',
        reason: 'first_visit',
      });
    },
  );

  it('[LK8] goes before Limpet’s own cookie where the operator lists it first', async () => {
    const world = await createWorld(by('cookie:JSESSIONID', 'cookie'));
    const own = await world.cookie();
    expect(
      await identify(await world.visit({ headers: { cookie: `${own}; JSESSIONID=abc` } })),
    ).toMatchObject({ kind: 'keyed' });
    expect(await identify(await world.visit({ headers: { cookie: own } }))).toMatchObject({ kind: 'known' });
  });
});
