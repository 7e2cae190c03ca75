import { type PoolName, poolName } from '../../worker/core/ids.ts';

export interface ShardName {
  readonly pool: PoolName;
  readonly shard: string;
}

/** Which shard this object is. Learned from the first call and kept, since an alarm comes without a name. */
export class Address {
  readonly #storage: DurableObjectStorage;
  #name: ShardName | undefined;
  #isKept: boolean;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#name = storage.kv.get<ShardName>('address');
    this.#isKept = this.#name !== undefined;
  }

  get name(): ShardName {
    return this.#name ?? { pool: poolName(''), shard: '' };
  }

  /** A call that was meant for another shard would make a second writer for its session. */
  mustBe(name: ShardName): void {
    this.#name ??= name;
    const { pool, shard } = this.#name;
    if (pool === name.pool && shard === name.shard) return;
    throw new Error(`A session of ${name.pool}:${name.shard} must not be asked for at ${pool}:${shard}`);
  }

  keep(): void {
    if (this.#isKept) return;
    this.#storage.kv.put('address', this.#name);
    this.#isKept = true;
  }
}
