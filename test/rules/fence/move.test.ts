import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Stage } from './native.ts';

let stage: Stage;

/** A session with one stored entry; the first home is the same in every stage. */
async function open(headerStateBytesMax: number, seed = 1): Promise<void> {
  stage = await Stage.open({ headerStateBytesMax, seed });
  await stage.send({ verb: 'append', edge: 0 });
}

/** This edge alone cannot reach home, and its read moves the session. */
async function moveAt(edge: number): Promise<void> {
  const link = `edge${edge}>${stage.home}`;
  stage.world.network.cut(link);
  expect((await stage.send({ edge })).status).toBe(200);
  stage.world.network.mend(link);
}

beforeEach(() => open(3_072));
afterEach(() => stage.close());

describe('a move', () => {
  it('[FM14] there and back again lets no put of the first stay win', async () => {
    stage.close();
    await open(0);
    const home = stage.home;
    const goOn = stage.world.network.hold(
      (link, label) => link.startsWith(`${home}>`) && label === 'PUT state',
    );
    const late = [0, 1].map(() => stage.start({ verb: 'append', edge: 1 }));
    await stage.pass(200);
    await moveAt(0);
    await stage.send({ verb: 'append', edge: 0 });
    await moveAt(1);
    expect(stage.home).toBe(home);
    goOn();
    for (const running of late) expect((await stage.answerTo(running)).status).not.toBe(200);
    expect((await stage.send({ edge: 0 })).said?.list).toEqual(['client-1', 'client-5']);
  });

  it('[FM15] hands over what was stored at that very moment: a put beside it is in the state, or fenced', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      stage.close();
      await open(3_072, seed);
      const { network } = stage.world;
      const putOn = network.hold((link, label) => link === 'edge1>shard' && label.startsWith('put'));
      const append = stage.start({ verb: 'append', edge: 1 });
      await stage.pass(100);
      const claimOn = network.hold((link, label) => link === 'edge0>shard' && label.startsWith('claim'));
      network.cut(`edge0>${stage.home}`);
      const read = stage.start({ edge: 0 });
      await stage.pass(900);
      claimOn();
      if (seed % 2 === 0) await stage.pass(10);
      putOn();
      await stage.answerTo(read);
      const isKept = (await stage.answerTo(append)).status === 200;
      const { said } = await stage.send({ edge: 0 });
      expect(said?.list).toEqual(isKept ? ['client-1', 'client-2'] : ['client-1']);
    }
  });

  it('[FM16] leaves an answer under way fenced: the client hears 409, and where the session is now', async () => {
    const home = stage.home;
    const slow = stage.start({ verb: 'append', edge: 1, thinkMs: 2_500 });
    await stage.pass(100);
    await moveAt(0);
    expect(await stage.answerTo(slow)).toMatchObject({ status: 409, code: 'session_moved' });
    expect(stage.home).not.toBe(home);
    expect((await stage.send({ edge: 1 })).said?.list).toEqual(['client-1']);
  });

  it('[FM17] needs the shard: without it nothing moves, and nothing is executed elsewhere', async () => {
    stage.world.network.cut(`edge0>${stage.home}`);
    stage.world.network.cut('edge0>shard');
    expect(await stage.send({ edge: 0 })).toMatchObject({ status: 503, code: 'store_unreachable' });
    expect(await stage.send({ verb: 'append', edge: 0 })).toMatchObject({
      status: 503,
      code: 'store_unreachable',
    });
    expect(stage.client.cookie?.epoch).toBe(0);
  });
});

describe('an eviction', () => {
  it('[FM18] of the shard, at whatever moment, takes nothing back that was acknowledged', async () => {
    for (let afterMs = 0; afterMs <= 24; afterMs += 2) {
      const [shard] = stage.world.hosts('shard');
      const both = [stage.start({ verb: 'append', edge: 0 }), stage.start({ verb: 'append', edge: 1 })];
      shard?.evictDuringNextCall(afterMs);
      for (const running of both) expect((await stage.answerTo(running)).status).toBe(200);
      const { said } = await stage.send({ edge: 0 });
      expect(said?.list).toHaveLength(3 + afterMs);
      expect(stage.world.oracle.violation).toBeUndefined();
    }
  });
});
