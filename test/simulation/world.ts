import { Chance } from './chance.ts';
import { keeper } from './cloudflare-workers.ts';
import { configOf, envOf } from './deployment.ts';
import { Edge } from './edge.ts';
import { fetchIn } from './fetches.ts';
import { replaceGlobals } from './globals.ts';
import { LateKv } from './kv.ts';
import { calm, Network, type Weather } from './network.ts';
import { ObjectHost } from './object-host.ts';
import { Oracle } from './oracle.ts';
import { Origins } from './origins.ts';
import type { Product } from './product.ts';
import { machine, Process, Scheduler } from './scheduler.ts';
import { Operator } from './operator.ts';
import { type Kind, stubOf } from './stubs.ts';
import { succeed } from './succession.ts';

/** How one world is built. Everything else is chance, from the seed. */
export interface Shape {
  readonly seed: number;
  readonly edges: number;
  readonly origins: number;
  readonly kvLateMs: number;
  /** `throws`: as workerd does; `52x`: as Cloudflare tells a refused connection from a lost one. */
  readonly platform: 'throws' | '52x';
  /** Bytes of state that origins send in a header; 0: they store by themselves. */
  readonly headerStateBytesMax: number;
  /** How often objects are evicted when nothing else is wrong: probability per call. */
  readonly evictions: number;
  /** Bytes by which states are larger than they need to be. */
  readonly paddingBytes: number;
  readonly replicas: 0 | 1 | 2;
  readonly durability: 'async' | 'primary' | 'quorum';
}

const startMs = Date.parse('2030-01-01T00:00:00Z');

/** A deployment of Limpet, its origins, and the network between them: real code, simulated time. */
export class World {
  readonly shape: Shape;
  readonly product: Product;
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly origins: Origins;
  readonly edges: Edge[] = [];
  readonly oracle: Oracle;
  readonly operator: Operator;
  /** Everybody who is no part of the deployment: clients, operators, the script. */
  readonly outside = new Process('outside');
  /** Nothing goes wrong any more. */
  isHealed = false;
  readonly #kv: LateKv;
  readonly #objects = new Map<string, ObjectHost>();
  readonly #replicas = {
    getByName: (name: string) => stubOf(this, 'replica', name),
    jurisdiction: () => this.#replicas,
  };
  readonly #restore: () => void;

  private constructor(shape: Shape, product: Product) {
    this.shape = shape;
    this.product = product;
    this.chance = new Chance(shape.seed);
    this.scheduler = new Scheduler(startMs, this.outside);
    this.network = new Network(this.scheduler, this.chance.fork('network'));
    this.network.weather = this.climate;
    const { scheduler, chance } = this;
    this.origins = new Origins({ product, scheduler, chance, ...shape });
    this.#kv = new LateKv(scheduler, shape.kvLateMs);
    this.oracle = new Oracle(this);
    this.operator = new Operator(this);
    keeper.keep = (work) => this.leaveBehind(work);
    this.#restore = replaceGlobals({
      scheduler,
      chance: chance.fork('globals'),
      fetch: (url, init) => fetchIn(this, url, init),
      cache: {
        match: (url) => this.#here().colo.match(url),
        put: (url, response) => this.#here().colo.put(url, response),
      },
    });
  }

  /** The weather between two storms. */
  get climate(): Weather {
    return { ...calm, evictions: this.shape.evictions };
  }

  static async build(shape: Shape, product: Product): Promise<World> {
    const world = new World(shape, product);
    try {
      await world.origins.set(['a', 'b', 'c'].slice(0, shape.origins));
      for (const id of world.origins.ids) world.origins.start(id);
      for (let number = 0; number < shape.edges; number++) world.edges.push(new Edge(`edge${number}`, world));
      return world;
    } catch (error) {
      world.close();
      throw error;
    }
  }

  close(): void {
    this.#restore();
    for (const { storage } of this.#objects.values()) storage.close();
  }

  config() {
    return configOf(this.origins.ids, this.shape);
  }

  env(): object {
    return envOf({
      SESSION_SHARD: { getByName: (name: string) => stubOf(this, 'shard', name) },
      SHARD_REPLICA: this.#replicas,
      POOL_MONITOR: { getByName: (name: string) => stubOf(this, 'monitor', name) },
      FALLBACK: this.#kv,
    });
  }

  host(kind: Kind, name: string): ObjectHost {
    const full = `${kind} ${name}`;
    const host = this.#objects.get(full) ?? this.#makeHost(kind, full);
    this.#objects.set(full, host);
    return host;
  }

  hosts(kind: Kind): ObjectHost[] {
    return [...this.#objects.values()].filter(({ name }) => name.startsWith(kind));
  }

  /** Work that goes on after its answer has left. */
  leaveBehind(work: Promise<unknown>): void {
    void work.catch((error: unknown) => this.scheduler.note(`left behind: ${String(error)}`));
  }

  #makeHost(kind: Kind, name: string): ObjectHost {
    const { SessionShard, ShardReplica, PoolMonitor } = this.product;
    const classes = { shard: SessionShard, replica: ShardReplica, monitor: PoolMonitor };
    const host = new ObjectHost(name, {
      scheduler: this.scheduler,
      class: classes[kind],
      env: () => this.env(),
      endsInMs: () =>
        this.chance.happens(this.network.weather.evictions) ? this.chance.between(0, 25) : undefined,
    });
    host.storage.onWrite = (query, bindings) => {
      if (kind === 'monitor') this.#recorded(query, bindings);
      if (host.name.startsWith('shard')) this.oracle.wrote(host.storage, query, bindings);
    };
    return host;
  }

  /** The monitor has written down who is the shard. */
  #recorded(query: string, [shard, body]: readonly unknown[]): void {
    if (!query.startsWith('INSERT OR REPLACE INTO promotion') || typeof body !== 'string') return;
    const host = this.#objects.get(`replica ${JSON.parse(body).by.object}`);
    if (host?.name.startsWith('replica')) succeed(this, host, String(shard));
  }

  #here(): Edge {
    const edge = this.edges.find(({ name }) => name === machine(this.scheduler.current));
    if (edge === undefined) throw new Error(`${this.scheduler.current.name} has no cache`);
    return edge;
  }
}
