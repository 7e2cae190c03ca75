import { ColoCache } from './colo-cache.ts';
import type { Handler } from './product.ts';
import { Process } from './scheduler.ts';
import type { World } from './world.ts';

/** One isolate of the Worker, in a place of its own: its memory, and the requests that are in it. */
export class Edge {
  readonly name: string;
  readonly colo: ColoCache;
  readonly #world: World;
  #isolate: Process;
  #handler: Handler;
  #requests = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
    this.colo = new ColoCache(world.scheduler);
    this.#isolate = new Process(name);
    this.#handler = world.product.limpet(world.config());
  }

  /** A request of its own, which can end before its isolate does. */
  context(what: string): Process {
    return new Process(`${this.name}#${++this.#requests} ${what}`, this.#isolate);
  }

  /** Must run as one of this edge's own requests. */
  async handle(request: Request): Promise<Response> {
    const ctx = { waitUntil: (work: Promise<unknown>) => this.#world.leaveBehind(work) };
    const response = await this.#handler.fetch(request, this.#world.env(), ctx);
    // Read to the end while its request lives: the client gets all of it, or nothing.
    const body = await response.text();
    const { status, headers } = response;
    return new Response(status === 204 || status === 304 ? null : body, { status, headers });
  }

  /** The platform takes the isolate away: what it remembered is gone. */
  recycle(): void {
    this.#world.scheduler.note(`${this.name} is a new isolate`);
    this.#isolate.kill();
    this.#isolate = new Process(this.name);
    this.#handler = this.#world.product.limpet(this.#world.config());
    this.#world.oracle.forget(this.name);
  }
}
