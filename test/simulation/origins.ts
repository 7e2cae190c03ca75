import type { Chance } from './chance.ts';
import { pool, secrets } from './deployment.ts';
import { Instance } from './instance.ts';
import type { Product } from './product.ts';
import { Process, type Scheduler } from './scheduler.ts';

export interface OriginsOptions {
  readonly product: Product;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly headerStateBytesMax: number;
  readonly paddingBytes: number;
}

/** The origins of the pool, and the processes that run at each: none, one, or two that overlap. */
export class Origins {
  readonly #options: OriginsOptions;
  readonly #instances = new Map<string, Instance[]>();
  readonly #keys = new Map<string, string>();
  readonly #tags = new Map<string, string>();
  #started = 0;
  /** Which of an origin's processes takes a new connection; a scenario may say. */
  choose: (instances: readonly Instance[]) => Instance;

  constructor(options: OriginsOptions) {
    this.#options = options;
    this.choose = (instances) => options.chance.pick(instances);
  }

  get ids(): string[] {
    return [...this.#keys.keys()];
  }

  /** The keys that `limpet key` would print, and the tags by which cookies name the origins. */
  async set(ids: readonly string[]): Promise<void> {
    const { product } = this.#options;
    for (const id of ids) this.#keys.set(id, await product.originKeyText(secrets.originSecret, pool, id));
    const keyring = await product.createKeyring(pool, ids, secrets);
    for (const id of ids) this.#tags.set(keyring.homeTag(id), id);
  }

  start(origin: string): Instance {
    const { product, scheduler, headerStateBytesMax, paddingBytes } = this.#options;
    const process = new Process(`${origin}${++this.#started}`);
    const chance = this.#options.chance.fork(process.name);
    const noise = () => chance.bytes(paddingBytes);
    const limpet = product.createOrigin({
      origin,
      key: this.#keys.get(origin) ?? '',
      headerStateBytesMax,
      onProblem: ({ code, message }) => scheduler.note(`${process.name} says: ${code} ${message}`),
    });
    const instance = new Instance({ process, scheduler, limpet, noise });
    this.#instances.set(origin, [...this.living(origin), instance]);
    scheduler.note(`${process.name} starts at ${origin}`);
    return instance;
  }

  living(origin: string): Instance[] {
    return (this.#instances.get(origin) ?? []).filter(({ process }) => process.state !== 'dead');
  }

  /** Where a new connection ends: any process that listens, frozen ones included. */
  door(origin: string): Process | undefined {
    const living = this.living(origin);
    return living.length === 0 ? undefined : this.choose(living).process;
  }

  /** The origin that a cookie names: its tag says it only to who has the key. */
  homeOf(cookie: string): string {
    return this.#tags.get(cookie.split('.')[2] ?? '') ?? '';
  }
}
