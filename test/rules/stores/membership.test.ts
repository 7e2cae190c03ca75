import { beforeEach, describe, expect, it } from 'vitest';
import { originId } from '../../../worker/core/ids.ts';
import { keyOf, place } from '../../../worker/core/rendezvous.ts';
import type { Snapshot } from '../../../worker/core/snapshot.ts';
import { serve } from '../../../worker/pipeline.ts';
import { open } from '../../../worker/steps/open.ts';
import { requestUrl } from '../../../worker/steps/route.ts';
import type { Pool } from '../../../worker/visit.ts';
import { a, createWorld, publicUrl, type World } from '../visit.ts';

const web = originId('web-1');
const registration = { ids: 'web-*', hosts: ['*.internal'] };
const up = { health: 'up', incarnation: 0 } as const;
const withWeb = (weight: number, version = 2): Snapshot => ({
  version,
  origins: { [a]: up, [web]: { health: 'up', incarnation: 7 } },
  registered: { [web]: { url: 'http://web-1.internal:80', weight } },
});
const without: Snapshot = { version: 3, origins: { [a]: up } };

let world: World;
beforeEach(async () => {
  world = await createWorld({ pool: { registration } });
});

async function asOf(snapshot: Snapshot): Promise<Pool> {
  await world.pool.membership.prepare(snapshot);
  return world.pool.membership.asOf(world.pool, snapshot);
}

/** A request as an isolate with this snapshot serves it. */
async function send(snapshot: Snapshot, cookie: string, ageMs = 0): Promise<Response> {
  await world.pool.membership.prepare(snapshot);
  const held = { snapshot, ageMs };
  const pool = { ...world.pool, snapshots: { current: () => held, refresh: async () => held } };
  const request = new Request(publicUrl, { headers: { cookie, 'sec-fetch-mode': 'navigate' } });
  const visit = await open(request, world.edge, pool, requestUrl(request.url), () => undefined);
  return world.clock.through(serve(visit));
}

async function cookieOf(pool: Pool): Promise<string> {
  const cookie = await world.cookie({ incarnation: 7 });
  const opened = await pool.keyring.openCookie(pool.cookieName, cookie.slice(cookie.indexOf('=') + 1));
  if (typeof opened === 'string') throw new Error(opened);
  const claims = { ...opened.claims, homeTag: pool.keyring.homeTag(web) };
  return `${pool.cookieName}=${await pool.keyring.signCookie(pool.cookieName, claims)}`;
}

describe('a pool with origins that have registered themselves', () => {
  it('[RG9] is the very same pool as long as there are none', async () => {
    expect(await asOf(without)).toBe(world.pool);
  });

  it('[RG9] has them, takes new sessions to them once they have a weight, and is built once per change', async () => {
    const closed = await asOf(withWeb(0));
    const opened = await asOf(withWeb(1_000));
    expect([...closed.origins.keys()]).toContain(web);
    const drawn = (pool: Pool) => place(pool.placement, keyOf('anybody'), () => true);
    expect(drawn(closed)).not.toBe(web);
    expect(drawn(opened)).toBe(web);
    expect(await asOf(withWeb(1_000, 9))).toBe(opened);
    expect(world.pool.origins.has(web)).toBe(false);
  });

  it('[RG9] routes a cookie that names one of them, without asking anybody', async () => {
    const cookie = await cookieOf(await asOf(withWeb(1)));
    expect((await send(withWeb(1), cookie)).status).toBe(200);
    expect(world.sent.map(({ url }) => url)).toEqual(['http://web-1.internal:80/']);
    expect(world.shards.calls).toEqual([]);
  });

  it('[RG5] one whose lease has ended is left, as one that the configuration does not name any more', async () => {
    const cookie = await cookieOf(await asOf(withWeb(1)));
    await send(withWeb(1), cookie);
    expect((await send(without, cookie)).status).toBe(200);
    expect(world.sent.at(-1)?.origin).not.toBe(web);
  });

  it('[RG8] without a young snapshot a home that nobody has heard of is not left: it may be well, with the only copy', async () => {
    const cookie = await cookieOf(await asOf(withWeb(1)));
    const response = await send({ version: 0, origins: {} }, cookie, Number.POSITIVE_INFINITY);
    expect([response.status, response.headers.get('limpet-code')]).toEqual([503, 'home_in_doubt']);
    expect(world.sent).toEqual([]);
    // The snapshot has come: what was not known is not remembered.
    expect((await send(withWeb(1), cookie)).status).toBe(200);
    expect(world.sent.at(-1)?.origin).toBe(web);
  });
});
