import type { PoolName } from '../../worker/core/ids.ts';
import { snapshotMirrorKey, type ToldSnapshot } from '../../worker/core/snapshot.ts';

/** KV takes one write per second and key. */
const shortestPauseMs = 1_000;
const longestPauseMs = 60_000;

interface Source {
  version(): number;
  /** Counts as handing the snapshot out. */
  tell(): ToldSnapshot;
}

/** A copy of the snapshot for cold isolates on the day on which the monitor is away. */
export class SnapshotMirror {
  readonly #kv: KVNamespace;
  readonly #pool: PoolName;
  readonly #source: Source;
  #version = -1;
  #at = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #complained = false;

  constructor(kv: KVNamespace, pool: PoolName, source: Source) {
    this.#kv = kv;
    this.#pool = pool;
    this.#source = source;
  }

  /** Writes what has changed, or what is older than a minute; a change within a second of the last one waits for it to pass. */
  async write(): Promise<void> {
    const sinceMs = Date.now() - this.#at;
    if (this.#source.version() === this.#version && sinceMs < longestPauseMs) return;
    if (sinceMs < shortestPauseMs) {
      if (this.#timer === undefined) this.#timer = setTimeout(() => this.#later(), shortestPauseMs - sinceMs);
      return;
    }
    const told = this.#source.tell();
    this.#version = told.snapshot.version;
    this.#at = told.at;
    await this.#put(told);
  }

  async #later(): Promise<void> {
    this.#timer = undefined;
    await this.write();
  }

  async #put(told: ToldSnapshot): Promise<void> {
    try {
      await this.#kv.put(snapshotMirrorKey(this.#pool), JSON.stringify(told));
    } catch (error) {
      if (!this.#complained)
        console.error(`Cannot mirror the snapshot of ${this.#pool} to KV: ${String(error)}`);
      this.#complained = true;
    }
  }
}
