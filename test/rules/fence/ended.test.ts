import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Heard } from '../../simulation/browser.ts';
import { Stage } from './native.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
  await stage.send({ verb: 'append', edge: 0 });
});

afterEach(() => stage.close());

describe('an ended session', () => {
  it('[FM10] is not claimed again by the process that ended it, while its end is on the way', async () => {
    const old = stage.client.cookie?.session;
    const goOn = stage.world.network.hold((link, label) => link === 'edge1>shard' && label.startsWith('end'));
    const logout = stage.start({ verb: 'logout', edge: 1 });
    await stage.until(/logout.* → 200, end 1/);
    const meanwhile = await stage.send({ edge: 0 });
    goOn();
    await stage.answerTo(logout);
    expect(meanwhile.said?.session).not.toBe(old);
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  it('[FM11] is served nowhere, although another origin than its home has ended it', async () => {
    const old = stage.home;
    const logout = stage.start({ verb: 'logout', edge: 1, thinkMs: 3_000 });
    await stage.pass(100);
    stage.world.network.cut(`edge0>${old}`);
    await stage.send({ edge: 0 });
    const moved = stage.client.cookie?.session;
    expect(stage.home).not.toBe(old);
    await stage.answerTo(logout);
    await stage.closeWindow();
    const { said } = await stage.send({ edge: 1, cookie: 'older' });
    expect(said?.session).not.toBe(moved);
    expect(said?.list).toEqual([]);
    expect(stage.world.oracle.violation).toBeUndefined();
  });
});

describe('a login', () => {
  it('[FM12] that a newer version has overtaken is refused, and takes nothing back', async () => {
    const goOn = stage.world.network.hold((_link, label) => label.startsWith('rotate'));
    const append = stage.start({ verb: 'append', edge: 0, thinkMs: 400 });
    await stage.pass(100);
    const login = stage.start({ verb: 'login', edge: 1 });
    await stage.answerTo(append);
    goOn();
    expect(await stage.answerTo(login)).toMatchObject({ status: 409, code: 'session_moved' });
    expect((await stage.send({ verb: 'login', edge: 0 })).status).toBe(200);
    expect((await stage.send({ edge: 0 })).said?.list).toEqual(['client-1', 'client-2']);
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  it('[FM13] that fails costs nobody the session', async () => {
    stage.world.network.cut('edge1>shard');
    expect((await stage.send({ verb: 'login', edge: 1 })).status).toBe(503);
    stage.world.network.mend();
    expect((await stage.send({ edge: 0 })).said?.list).toEqual(['client-1']);
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  /** A request with the old cookie comes to home before the shard has heard of the login. */
  async function overtakenBy(wish: { verb?: 'append' }): Promise<Heard> {
    const goOn = stage.world.network.hold((_link, label) => label.startsWith('rotate'));
    const login = stage.start({ verb: 'login', edge: 0 });
    await stage.until(/login.* → 200, rotate 1/);
    expect((await stage.send({ ...wish, edge: 1 })).status).toBe(200);
    expect(stage.log).toMatch(/by origin, expected 0, .* → claimed/);
    goOn();
    return stage.answerTo(login);
  }

  it('[FM20] goes on although a request with the old cookie has had the session claimed meanwhile', async () => {
    const old = stage.client.cookie?.session;
    expect((await overtakenBy({})).status).toBe(200);
    expect((await stage.send({ edge: 0 })).said?.list).toEqual(['client-1']);
    expect(stage.client.cookie?.session).not.toBe(old);
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  it('[FM20] leaves the old id ended for whoever has claimed it', async () => {
    await overtakenBy({});
    await stage.closeWindow();
    expect((await stage.send({ edge: 1, cookie: 'older' })).said?.list).toEqual([]);
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  it('[FM20] is refused where that request has stored something', async () => {
    expect(await overtakenBy({ verb: 'append' })).toMatchObject({ status: 409, code: 'session_moved' });
    expect((await stage.send({ edge: 0 })).said?.list).toEqual(['client-1', 'client-3']);
    expect(stage.world.oracle.violation).toBeUndefined();
  });
});
