import { pool, publicUrl, secrets } from './deployment.ts';
import type { ObjectHost } from './object-host.ts';
import { shardKeyOf } from './succession.ts';
import type { World } from './world.ts';

const triesMax = 4;
const pauseMs = 3_000;
const patienceMs = 60_000;

/** Somebody at a keyboard: promotes a replica by the admin API, and tries again when that is refused. */
export class Operator {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async promote(shard: ObjectHost, acceptLoss: boolean): Promise<void> {
    const { scheduler } = this.#world;
    const before = shard.name;
    for (let tries = 0; tries < triesMax; tries++) {
      const said = await this.#ask(tries, { pool, shard: shardKeyOf(shard), acceptLoss });
      scheduler.note(`the operator hears ${said}`);
      if (said.startsWith('200') || shard.name !== before) return;
      await new Promise<void>((resolve) => void scheduler.after(pauseMs, this.#world.outside, resolve));
    }
  }

  async #ask(number: number, order: object): Promise<string> {
    const { edges, network, outside, scheduler } = this.#world;
    const edge = edges[number % edges.length];
    if (edge === undefined) return 'nothing';
    const context = edge.context('operator');
    const left = new AbortController();
    scheduler.after(patienceMs, outside, () => left.abort());
    try {
      const answer = await network.ask<Response>({
        from: outside,
        link: `client>${edge.name}`,
        label: 'promote',
        mayDouble: false,
        target: () => context,
        handle: () => edge.handle(request(order)),
        refused: () => new Error('refused'),
        lost: () => new Error('lost'),
        signal: left.signal,
      });
      return `${answer.status} ${await answer.text()}`;
    } catch (error) {
      return `nothing: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

function request(order: object): Request {
  return new Request(`${publicUrl}/.limpet/admin/promote`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secrets.adminToken}` },
    body: JSON.stringify(order),
  });
}
