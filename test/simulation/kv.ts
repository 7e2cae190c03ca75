import type { Scheduler } from './scheduler.ts';

interface Version {
  readonly at: number;
  readonly value: ArrayBuffer | undefined;
  readonly metadata: unknown;
}

/** KV, which is late: a reader sees what stood there some time ago. */
export class LateKv {
  readonly #scheduler: Scheduler;
  readonly #lateMs: number;
  readonly #versions = new Map<string, Version[]>();

  constructor(scheduler: Scheduler, lateMs: number) {
    this.#scheduler = scheduler;
    this.#lateMs = lateMs;
  }

  async get(key: string): Promise<string | null> {
    const { value } = this.#seen(key) ?? {};
    return value === undefined ? null : new TextDecoder().decode(value);
  }

  async getWithMetadata(key: string, type: 'arrayBuffer' | 'stream') {
    const { value, metadata = null } = this.#seen(key) ?? {};
    if (value === undefined) return { value: null, metadata: null };
    return { value: type === 'stream' ? new Response(value).body : value.slice(0), metadata };
  }

  async put(
    key: string,
    value: string | ArrayBuffer | Uint8Array,
    options: { metadata?: unknown } = {},
  ): Promise<void> {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(value).slice();
    this.#write(key, { at: this.#scheduler.now, value: bytes.buffer, metadata: options.metadata });
  }

  async delete(key: string): Promise<void> {
    this.#write(key, { at: this.#scheduler.now, value: undefined, metadata: undefined });
  }

  get size(): number {
    return this.#versions.size;
  }

  #seen(key: string): Version | undefined {
    return this.#versions.get(key)?.findLast(({ at }) => at <= this.#scheduler.now - this.#lateMs);
  }

  /** Only what some reader may still see is kept. */
  #write(key: string, version: Version): void {
    const versions = this.#versions.get(key) ?? [];
    const old = versions.findLastIndex(({ at }) => at <= this.#scheduler.now - this.#lateMs);
    this.#versions.set(key, [...versions.slice(Math.max(0, old)), version]);
  }
}
