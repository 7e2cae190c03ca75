import { beforeEach, describe, expect, it } from 'vitest';
import { goneOrigin, identify } from '../../../worker/steps/identify.ts';
import { a, b, createWorld, sessionNo, startS, type World } from '../visit.ts';

let world: World;

beforeEach(async () => {
  world = await createWorld();
});

const identity = async (cookie?: string) =>
  identify(await world.visit(cookie === undefined ? {} : { headers: { cookie } }));
const counted = () => world.edge.counters.all();

describe('who a request belongs to', () => {
  it('[CH8] without a cookie it is a first visit', async () => {
    expect(await identity()).toEqual({ kind: 'new', reason: 'first_visit' });
    expect(await identity('theme=dark')).toEqual({ kind: 'new', reason: 'first_visit' });
  });

  it.each([
    ['malformed', 'hello', 'cookie_malformed'],
    ['longer than any of ours', 'x'.repeat(161), 'cookie_oversized'],
  ])('[CH9] a cookie that is %s equals no cookie, with its reason counted', async (_what, value, reason) => {
    expect(await identity(`__Host-limpet=${value}`)).toEqual({ kind: 'new', reason });
    expect(counted()).toEqual({ [`cookie_refused.${reason}`]: 1 });
  });

  it('[CH9] so does one that is forged, and one that has expired', async () => {
    const forged = (await world.cookie()).replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
    expect(await identity(forged)).toEqual({ kind: 'new', reason: 'cookie_forged' });
    expect(await identity(await world.cookie({ renewedS: startS - 1_800 }))).toEqual({
      kind: 'new',
      reason: 'cookie_expired',
    });
    expect(await identity(await world.cookie({ startedS: startS - 43_200 }))).toEqual({
      kind: 'new',
      reason: 'cookie_expired',
    });
    expect(counted()).toEqual({ 'cookie_refused.cookie_forged': 1, 'cookie_refused.cookie_expired': 2 });
  });

  it('[CH10] of several valid cookies the newest epoch wins, then the last renewed', async () => {
    const [old, young, later] = [
      await world.cookie({ epoch: 1, renewedS: startS + 5 }),
      await world.cookie({ epoch: 2, home: b }),
      await world.cookie({ epoch: 2, home: b, renewedS: startS + 1 }),
    ];
    expect(await identity(`${young}; ${old}`)).toMatchObject({ epoch: 2, home: b });
    expect(await identity(`${old}; ${young}; ${later}`)).toMatchObject({ renewedS: startS + 1 });
    expect(await identity(`__Host-limpet=forged; ${old}`)).toMatchObject({ kind: 'known', epoch: 1 });
  });

  it('[CH6] of a thousand cookies under our name eight are verified', async () => {
    const good = await world.cookie({ session: sessionNo(9) });
    const many = Array.from({ length: 1_000 }, (_, at) => `__Host-limpet=${at}`).join('; ');
    expect(await identity(`${many}; ${good}`)).toMatchObject({ kind: 'new' });
    expect(counted()).toEqual({ 'cookie_refused.cookie_malformed': 8 });
  });

  it('[CH11] a home that the pool has no more is nobody’s home', async () => {
    const cookie = await world.cookie({ homeTag: 'no-tag--' });
    expect(await identity(cookie)).toMatchObject({ kind: 'known', home: goneOrigin });
    expect((await world.visit()).view.usable(goneOrigin)).toBe(false);
  });

  it('[CH12] a cookie that was verified here before is known at once, until it expires', async () => {
    const cookie = await world.cookie();
    const first = await identity(cookie);
    const visit = await world.visit({ headers: { cookie } });
    expect(identify(visit)).toEqual(first);
    expect(first).toMatchObject({ kind: 'known', home: a });
    await world.clock.pass(1_800_000);
    expect(identify(await world.visit({ headers: { cookie } }))).toEqual({
      kind: 'new',
      reason: 'cookie_expired',
    });
  });
});
