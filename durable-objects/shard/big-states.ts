import type { Entry, StoredState } from '../../worker/core/page.ts';
import type { Tables } from './tables.ts';

/** A larger state is stored in chunks of its own, so that a page stays quick to rewrite. */
export const inlineBytesMax = 16 * 1024;
export const pageBytesMax = 1024 * 1024;
const chunkBytes = 512 * 1024;

/** States that do not fit beside others: cut into chunks, put together when they are read. */
export class BigStates {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** A page that has outgrown its row gives its largest states away. */
  fitting(entries: readonly Entry[]): readonly Entry[] {
    let excess = entries.reduce((sum, entry) => sum + inlineBytes(entry), 0) - pageBytesMax;
    if (excess <= 0) return entries;
    const largestFirst = [...entries].sort((left, right) => inlineBytes(right) - inlineBytes(left));
    return largestFirst.map((entry) => {
      if (excess <= 0) return entry;
      excess -= inlineBytes(entry);
      return this.apart(entry, 0);
    });
  }

  /** Chunks belong to the session that is in their name, and to this version of its state alone. */
  apart(entry: Entry, bytesMax: number): Entry {
    const { slot, state } = entry;
    if (slot.kind !== 'row' || state.kind !== 'inline' || state.bytes.length <= bytesMax) return entry;
    const id = `${entry.session}:${slot.row.epoch}:${slot.row.version}`;
    this.#tables.deleteChunks(id);
    for (let part = 0; part * chunkBytes < state.bytes.length; part++) {
      this.#tables.writeChunk(id, part, state.bytes.slice(part * chunkBytes, (part + 1) * chunkBytes));
    }
    return { ...entry, state: { kind: 'chunked', id, seal: state.seal, epoch: state.epoch } };
  }

  whole(id: string): Uint8Array<ArrayBuffer> {
    const parts = this.#tables.chunks(id);
    if (parts.length === 0) throw new Error(`Cannot read the state ${id}: its chunks are not there`);
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(new Uint8Array(part), at);
      at += part.byteLength;
    }
    return whole;
  }
}

export function chunksOf(state: StoredState): string | undefined {
  return state.kind === 'chunked' ? state.id : undefined;
}

function inlineBytes({ state }: Entry): number {
  return state.kind === 'inline' ? state.bytes.length : 0;
}
