import { beforeEach, describe, expect, it } from 'vitest';
import type { Order } from '../../../worker/core/operation.ts';
import { a, contractReply, createWorld, type World } from '../visit.ts';

let world: World;
let orders: Order[];

beforeEach(async () => {
  world = await createWorld({ pool: { session: { mode: 'local' } } });
  orders = [];
  const order = async (one: Order) => {
    orders.push(one);
    return { kind: 'ordered', said: 'changed', version: 2 } as const;
  };
  Object.assign((await world.visit()).pool, { order });
});

const ask = async (said: Record<string, string>, status = 200) => {
  world.origins.set(a, () => contractReply(said, { status }));
  return world.send({ headers: { cookie: await world.cookie() } });
};

describe('a pool that does not speak the contract', () => {
  it.each([
    { 'limpet-drain': '1' },
    { 'limpet-end': '1' },
    { 'limpet-state': 'e30', 'limpet-version': '1' },
    { 'limpet-refused': 'moved' },
    { 'limpet-rotate': '1', 'limpet-version': '1' },
  ])('[LM6] hears nothing of it from its origins, whoever chose their headers: %j', async (said) => {
    const response = await ask(said);
    expect([response.status, await world.told(response)]).toEqual([200, undefined]);
    expect([orders, world.shards.calls, world.lost]).toEqual([[], [], []]);
    expect([...response.headers.keys()].filter((name) => name.startsWith('limpet-'))).toEqual([]);
  });

  it('[LM6] a need is an answer like any other', async () => {
    const response = await ask({ 'limpet-need': 'session' }, 409);
    expect([response.status, world.sent.length, world.shards.calls]).toEqual([409, 1, []]);
  });
});
