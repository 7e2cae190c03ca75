import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Stage } from './native.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
});

afterEach(() => stage.close());

describe('a handover', () => {
  it('[FM5] sends Limpet-New once for an id: the second attempt of a first visit has another id', async () => {
    const pairs = ['a', 'b'].map((id) => [stage.only(id), stage.world.origins.start(id)]);
    const lead = (at: 0 | 1) => {
      stage.world.origins.choose = (some) => pairs.find(([one]) => one === some[0])?.[at] ?? stage.only('a');
    };
    lead(0);
    stage.world.network.loseAnswerTo(' new');
    const running = stage.start({ edge: 0 });
    await stage.until(/answered, and the connection lost/);
    lead(1);
    await stage.answerTo(running);
    expect(stage.log.match(/ new → 200/g)).toHaveLength(2);
    lead(0);
    await stage.send({ verb: 'append', edge: 0 });
    lead(1);
    expect((await stage.send({ edge: 0 })).said?.list).toEqual(['client-2']);
  });

  it("[FM6] sends a claim's state once: the attempt after it carries none, and its process claims for itself", async () => {
    await stage.send({ verb: 'append', edge: 0 });
    const next = stage.home === 'a' ? 'b' : 'a';
    const [first, second] = [stage.only(next), stage.world.origins.start(next)];
    stage.world.network.cut(`edge0>${stage.home}`);
    stage.world.network.loseAnswerTo(' with state');
    stage.lead(first);
    const running = stage.start({ edge: 0 });
    await stage.until(/answered, and the connection lost/);
    stage.lead(second);
    expect((await stage.answerTo(running)).said?.list).toEqual(['client-1']);
    expect(stage.log.match(/GET .* with state v1 → 200/g)).toHaveLength(1);
    expect(stage.log).toMatch(/by origin, expected 1, .* → claimed/);
  });

  it('[FM7] gives one answer to two edges that claim at once', async () => {
    await stage.send({ verb: 'append', edge: 0 });
    for (const edge of [0, 1]) stage.world.network.cut(`edge${edge}>${stage.home}`);
    const both = [stage.start({ edge: 0 }), stage.start({ edge: 1 })];
    for (const running of both) expect((await stage.answerTo(running)).said?.list).toEqual(['client-1']);
    expect(stage.log.match(/→ claimed/g)).toHaveLength(1);
  });

  it('[FM8] leaves a frozen home nothing to win when it thaws', async () => {
    stage.close();
    stage = await Stage.open({ headerStateBytesMax: 0 });
    await stage.send({ verb: 'append', edge: 0 });
    const { process } = stage.only(stage.home);
    const frozen = stage.start({ verb: 'append', edge: 1, thinkMs: 500 });
    await stage.until(/client-2 append/);
    await stage.pass(100);
    process.freeze();
    expect(await stage.answerTo(frozen)).toMatchObject({ status: 504, code: 'delivery_unknown' });
    expect((await stage.send({ edge: 0 })).said?.list).toEqual(['client-1']);
    expect((await stage.send({ verb: 'append', edge: 0 })).said?.list).toEqual(['client-1', 'client-4']);
    stage.world.scheduler.thaw(process);
    await stage.pass(5_000);
    expect(stage.log).toMatch(/version 2, .* → fenced/);
    expect((await stage.send({ edge: 0 })).said?.list).toEqual(['client-1', 'client-4']);
    expect(stage.world.oracle.violation).toBeUndefined();
  });

  it.each([
    ['kept, where the shard remembers what it has handed over', 'remembers', 200],
    ['not known, where the shard was evicted meanwhile', 'forgets', 503],
  ] as const)(
    '[FM9] says that a store whose answer is lost is %s; never that it is not kept',
    async (_words, shard, status) => {
      await stage.send({ verb: 'append', edge: 0 });
      stage.world.network.loseAnswerTo('version 2');
      const running = stage.start({ verb: 'append', edge: 0 });
      await stage.until(/answered, and the connection lost/);
      const goOn = stage.world.network.hold(
        (link, label) => link === 'edge0>shard' && label.startsWith('put'),
      );
      stage.world.network.cut(`edge1>${stage.home}`);
      expect((await stage.send({ edge: 1 })).said?.list).toEqual(['client-1', 'client-2']);
      if (shard === 'forgets') for (const host of stage.world.hosts('shard')) host.evict('for its memory');
      goOn();
      const code = status === 503 ? 'store_unreachable' : '';
      expect(await stage.answerTo(running)).toMatchObject({ status, code });
    },
  );
});
