import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Stage } from './native.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
  await stage.send({ verb: 'append', edge: 0 });
});

afterEach(() => stage.close());

/** One edge cannot reach home for a while: its read moves the session, and the others know nothing of it. Its append follows. */
async function moveAt(edge: number): Promise<string | undefined> {
  const link = `edge${edge}>${stage.home}`;
  stage.world.network.cut(link);
  expect((await stage.send({ edge })).status).toBe(200);
  stage.world.network.mend(link);
  return (await stage.send({ verb: 'append', edge })).said?.list.at(-1);
}

describe('an older cookie', () => {
  it('[FM1] asks the map after another process of its own origin has claimed the session', async () => {
    const [home, first] = [stage.home, stage.only(stage.home)];
    const second = stage.world.origins.start(home);
    stage.lead(second);
    await stage.send({ edge: 0 });
    stage.lead(first);
    await stage.send({ verb: 'append', edge: 0 });
    await stage.closeWindow();
    stage.lead(second);
    const { said } = await stage.send({ edge: 0, cookie: 'older' });
    expect(said?.list).toEqual(['client-1', 'client-3']);
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  it('[FM2] asks the map after a move by an edge whose snapshot still calls the home down', async () => {
    stage.close();
    // The mirror in KV tells nobody: an edge that is cut off from the monitor goes on with what it has heard.
    stage = await Stage.open({ kvLateMs: 600_000 });
    await stage.send({ verb: 'append', edge: 0 });
    const { network } = stage.world;
    const home = stage.home;
    network.cut(`monitor>${home}`);
    await stage.pass(15_000);
    await stage.closeWindow();
    network.cut('edge0>monitor');
    network.mend(`monitor>${home}`);
    await stage.pass(15_000);
    await stage.send({ edge: 1 });
    await stage.send({ verb: 'append', edge: 0 });
    expect(stage.home).not.toBe(home);
    network.mend();
    await stage.closeWindow();
    const { said } = await stage.send({ edge: 1, cookie: 'older' });
    expect(said?.list).toEqual(['client-1', 'client-3']);
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  it('[FM19] asks the map also where its home is called down, and keeps its sessions in panic', async () => {
    stage.close();
    stage = await Stage.open({ origins: 3 });
    await stage.send({ verb: 'append', edge: 0 });
    const home = stage.home;
    const other = home === 'a' ? 'b' : 'a';
    for (const origin of [home, other]) stage.world.network.cut(`monitor>${origin}`);
    await stage.pass(15_000);
    await stage.closeWindow();
    const [first, second] = [stage.only(home), stage.world.origins.start(home)];
    stage.lead(second);
    await stage.send({ edge: 0 });
    stage.lead(first);
    const { said: written } = await stage.send({ verb: 'append', edge: 0 });
    expect(written?.by).toBe(first.process.name);
    await stage.closeWindow();
    stage.lead(second);
    const { said } = await stage.send({ edge: 0, cookie: 'older' });
    expect(said).toMatchObject({ by: second.process.name, list: written?.list });
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  it('[FM3] is replaced by any answer from another home or epoch, that of a read too', async () => {
    const home = stage.home;
    const second = await moveAt(0);
    await stage.closeWindow();
    const { said } = await stage.send({ edge: 1, cookie: 'older' });
    expect(said?.list).toEqual(['client-1', second]);
    expect(stage.client.cookie?.epoch).toBe(1);
    expect(stage.home).not.toBe(home);
  });

  it('[FM4] is signed with the incarnation that was known before its request was decided', async () => {
    const old = stage.client.cookie?.text.split('.')[4];
    const slow = stage.start({ edge: 1, thinkMs: 9_000 });
    await stage.pass(100);
    const second = await moveAt(0);
    await stage.closeWindow();
    await stage.answerTo(slow);
    const { said } = await stage.send({ edge: 1, cookie: 'older' });
    expect([old, said?.list]).toEqual(['0', ['client-1', second]]);
    expect(stage.world.oracle.violation).toBeUndefined();
  });
});
