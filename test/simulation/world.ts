import { Chance } from './chance.ts';
import { keeper } from './cloudflare-workers.ts';
import { ColoCache } from './colo-cache.ts';
import { Edge } from './edge.ts';
import { replaceGlobals } from './globals.ts';
import { Instance } from './instance.ts';
import { LateKv } from './kv.ts';
import { Network } from './network.ts';
import { ObjectHost } from './object-host.ts';
import { Oracle } from './oracle.ts';
import type { Product } from './product.ts';
import { Process, Scheduler } from './scheduler.ts';

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
}

export const idleMs = 240_000;
export const publicUrl = 'https://shop.example.com';
const originSecret = 'simulated-origin-secret-0123456789abcdef';
const cookieKey = 'simulated-cookie-key-0123456789abcdef';
const startMs = Date.parse('2030-01-01T00:00:00Z');
const letters = ['a', 'b', 'c'];

/** A deployment of Limpet, its origins, and the network between them: real code, simulated time. */
export class World {
  readonly shape: Shape;
  readonly product: Product;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly oracle: Oracle;
  readonly chance: Chance;
  readonly edges: Edge[] = [];
  readonly origins = new Map<string, Instance[]>();
  readonly objects = new Map<string, ObjectHost>();
  readonly outside = new Process('outside');
  readonly kv: LateKv;
  readonly #keys = new Map<string, string>();
  readonly #tags = new Map<string, string>();
  readonly #restore: () => void;
  #instances = 0;

  private constructor(shape: Shape, product: Product) {
    this.shape = shape;
    this.product = product;
    this.chance = new Chance(shape.seed);
    this.scheduler = new Scheduler(startMs, this.outside);
    this.network = new Network(this.scheduler, this.chance.fork('network'));
    this.kv = new LateKv(this.scheduler, shape.kvLateMs);
    this.oracle = new Oracle(this);
    keeper.keep = (work) => void work.catch((error: unknown) => this.scheduler.note(`left behind: ${String(error)}`));
    const cache = {
      match: (url: string) => this.#colo().match(url),
      put: (url: string, response: Response) => this.#colo().put(url, response),
    };
    this.#restore = replaceGlobals({
      scheduler: this.scheduler,
      chance: this.chance.fork('globals'),
      fetch: (url, init) => this.#fetch(url, init),
      cache,
    });
  }

  static async build(shape: Shape, product: Product): Promise<World> {
    const world = new World(shape, product);
    try {
      for (const id of letters.slice(0, shape.origins)) {
        world.#keys.set(id, await product.originKeyText(originSecret, 'shop', id));
        world.startInstance(id);
      }
      await world.#readTags();
      for (let number = 0; number < shape.edges; number++) world.edges.push(new Edge(`edge${number}`, world));
      return world;
    } catch (error) {
      world.close();
      throw error;
    }
  }

  close(): void {
    this.#restore();
    for (const host of this.objects.values()) host.storage.close();
  }

  startInstance(origin: string): Instance {
    const process = new Process(`${origin}${++this.#instances}`);
    const limpet = this.product.createOrigin({
      origin,
      key: this.#keys.get(origin) ?? '',
      headerStateBytesMax: this.shape.headerStateBytesMax,
      onProblem: ({ code, message }) => this.scheduler.note(`${process.name} says: ${code} ${message}`),
    });
    const instance = new Instance({ process, scheduler: this.scheduler, limpet });
    this.origins.set(origin, [...this.living(origin), instance]);
    this.scheduler.note(`${process.name} starts at ${origin}`);
    return instance;
  }

  living(origin: string): Instance[] {
    return (this.origins.get(origin) ?? []).filter(({ process }) => process.state !== 'dead');
  }

  /** The origin that a cookie names: its tag says it only to who has the key. */
  homeOf(cookie: string): string {
    return this.#tags.get(cookie.split('.')[2] ?? '') ?? '';
  }

  async #readTags(): Promise<void> {
    const secrets = { cookieKeys: [cookieKey], originSecret };
    const keyring = await this.product.createKeyring('shop', [...this.origins.keys()], secrets);
    for (const origin of this.origins.keys()) this.#tags.set(keyring.homeTag(origin), origin);
  }

  /** The configuration and the bindings of every edge. */
  config() {
    return {
      pools: {
        shop: {
          origins: [...this.origins.keys()].map((id) => ({ id, url: `https://${id}.example.com` })),
          session: { shards: 2, idleMs },
          health: { path: '/health', intervalMs: 5_000, timeoutMs: 1_000 },
        },
      },
      routes: [{ match: '/*', pool: 'shop' }],
    };
  }

  env() {
    return {
      SESSION_SHARD: { getByName: (name: string) => this.#stub('shard', name) },
      POOL_MONITOR: { getByName: (name: string) => this.#stub('monitor', name) },
      FALLBACK: this.kv,
      COOKIE_KEYS: cookieKey,
      ORIGIN_SECRET: originSecret,
      ADMIN_TOKEN: 'simulated-admin-token-0123456789abcdef',
      LIMPET_API: publicUrl,
    };
  }

  host(kind: 'shard' | 'monitor', name: string): ObjectHost {
    const full = `${kind} ${name}`;
    const known = this.objects.get(full);
    if (known !== undefined) return known;
    const { SessionShard, PoolMonitor } = this.product;
    const made = new ObjectHost(full, {
      scheduler: this.scheduler,
      class: kind === 'shard' ? SessionShard : PoolMonitor,
      env: () => this.env(),
    });
    if (kind === 'shard') made.storage.onWrite = (query, bindings) => this.oracle.wrote(query, bindings);
    this.objects.set(full, made);
    return made;
  }

  hosts(kind: 'shard' | 'monitor'): ObjectHost[] {
    return [...this.objects.values()].filter(({ name }) => name.startsWith(kind));
  }

  /** What a call on a stub does: one question over the network, and the object's errors as Cloudflare marks them. */
  #stub(kind: 'shard' | 'monitor', name: string): object {
    const ask = (method: string) => async (...args: unknown[]): Promise<unknown> => {
      const from = this.scheduler.current;
      const host = this.host(kind, name);
      const answer = await this.network.ask<unknown>({
        from,
        link: `${machine(from)}>${kind}`,
        label: `${method} ${label(args)}`,
        mayDouble: true,
        target: () => host.process(),
        handle: (process) => this.#called(host, process, method, args),
        refused: () => marked('overloaded'),
        lost: () => marked('durableObjectReset'),
      });
      if (method === 'snapshot') this.oracle.heard(machine(from), answer);
      return answer;
    };
    return new Proxy({}, { get: (_target, method) => ask(String(method)) });
  }

  async #called(host: ObjectHost, process: Process, method: string, args: unknown[]): Promise<unknown> {
    const answer = await host.call(method, args);
    if (host.name.startsWith('shard')) {
      this.scheduler.note(`  ${process.name} ${method} ${label(args)} → ${brief(answer)}`);
      this.oracle.answered(method, args, answer);
    }
    return answer;
  }

  /** `fetch` of whoever runs now: an edge or the monitor asks an origin, an origin asks the store API. */
  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const from = this.scheduler.current;
    const to = new URL(url).hostname.split('.')[0] ?? '';
    return to === 'shop' ? this.#fetchApi(from, url, init) : this.#fetchOrigin(from, to, url, init);
  }

  #fetchOrigin(from: Process, to: string, url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const method = init.method ?? 'GET';
    const { pathname, search } = new URL(url);
    const state = headers.has('limpet-state') ? ` with state v${headers.get('limpet-version')}` : headers.has('limpet-new') ? ' new' : '';
    const contract = headers.has('limpet-epoch') ? ` at epoch ${headers.get('limpet-epoch')}${state}` : '';
    return this.network.ask<Response>({
      from,
      link: `${machine(from)}>${to}`,
      label: `${method} ${pathname}${search}${contract}`,
      mayDouble: false,
      target: () => this.#door(to),
      handle: (process) => this.#served(to, process, { method, url, headers, contract: `${pathname}${search}${contract}` }),
      refused: () => this.#failure(521),
      lost: () => this.#failure(520),
      signal: init.signal ?? undefined,
    });
  }

  async #served(to: string, process: Process, { method, url, headers, contract }: { method: string; url: string; headers: Headers; contract: string }) {
    const instance = this.origins.get(to)?.find((one) => one.process === process);
    if (instance === undefined) throw new Error(`${process.name} is not at ${to}`);
    const response = await instance.serve(method, url, headers);
    if (headers.has('limpet-session')) this.scheduler.note(`  ${process.name} ${method} ${contract} → ${spoken(response)}`);
    return response;
  }

  /** Where a new connection ends: any process that listens, frozen ones included. */
  #door(origin: string): Process | undefined {
    const living = this.living(origin);
    return living.length === 0 ? undefined : this.chance.pick(living).process;
  }

  #fetchApi(from: Process, url: string, init: RequestInit): Promise<Response> {
    const edge = this.chance.pick(this.edges);
    return this.network.ask<Response>({
      from,
      link: `${machine(from)}>${edge.name}`,
      label: `${init.method} ${url.includes('/claim') ? 'claim' : 'state'}`,
      mayDouble: true,
      target: () => edge.context('api'),
      handle: () => edge.handle(new Request(url, { ...init, signal: null })),
      refused: () => this.#failure(521),
      lost: () => this.#failure(520),
      signal: init.signal ?? undefined,
    });
  }

  #failure(status: number): Response | Error {
    if (this.shape.platform === '52x') return new Response('error', { status });
    return new TypeError('Network connection lost.');
  }

  #colo(): ColoCache {
    const edge = this.edges.find(({ name }) => name === machine(this.scheduler.current));
    if (edge === undefined) throw new Error(`${this.scheduler.current.name} has no cache`);
    return edge.colo;
  }
}

/** The machine that a process is of: `edge0#17` is of `edge0`, `a2` of `a`, `shard …/3` of `shard`. */
export function machine({ name }: Process): string {
  return /^(edge\d+|shard|monitor|[abc])/.exec(name)?.[0] ?? name;
}

function marked(mark: 'durableObjectReset' | 'overloaded'): Error {
  return Object.assign(new Error(`Durable Object: ${mark}`), { [mark]: true, retryable: mark === 'durableObjectReset' });
}

/** What tells one call from another in the log. */
function label(args: readonly unknown[]): string {
  const wish = args.find((arg) => typeof arg === 'object' && arg !== null);
  const field = (name: string) => {
    const value: unknown = typeof wish === 'object' && wish !== null ? Reflect.get(wish, name) : undefined;
    return typeof value === 'string' || typeof value === 'number' ? [`${name} ${String(value).slice(0, 8)}`] : [];
  };
  const session = typeof args[1] === 'string' ? [args[1].slice(-4)] : [];
  return [...session, ...['by', 'expected', 'epoch', 'version', 'home', 'instance', 'uncopied'].flatMap(field)].join(', ');
}

function brief(answer: unknown): string {
  const { kind, row } = Object(answer);
  return row === undefined ? String(kind) : `${kind} (${row.home}/${String(row.instance).slice(0, 4)}, epoch ${row.epoch}, version ${row.version})`;
}

function spoken({ status, headers }: Response): string {
  const said = [...headers].filter(([name]) => name.startsWith('limpet-') && name !== 'limpet-instance');
  return [status, ...said.map(([name, value]) => `${name.slice(7)} ${value.slice(0, 12)}`)].join(', ');
}
