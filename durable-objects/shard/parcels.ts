import { decodePage } from '../../worker/core/page.ts';
import { chunksOf } from './big-states.ts';
import type { Chunk } from './replica-object.ts';
import type { LogRow, Tables } from './tables.ts';

/** Chunks of one call: a message between objects has at most 32 MiB. */
const parcelBytes = 4 * 1024 * 1024;
const rememberedMost = 1_024;

/** Which states' chunks a replica still needs. */
export class ChunksSent {
  readonly #tables: Tables;
  /** States whose chunks went this way since the link stands: a renewal does not send them again. */
  readonly #ids = new Set<string>();

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The states of which chunks are there, with how many each has, and those that were not sent before. */
  for(bodies: readonly LogRow['body'][]): { missing: string[]; sent: [id: string, parts: number][] } {
    const sent = [...new Set(bodies.flatMap(chunkIdsOf))].flatMap((id): [string, number][] => {
      const parts = this.#tables.countChunks(id);
      return parts === 0 ? [] : [[id, parts]];
    });
    const missing = sent.map(([id]) => id).filter((id) => !this.#ids.has(id));
    if (this.#ids.size > rememberedMost) this.#ids.clear();
    for (const id of missing) this.#ids.add(id);
    return { missing, sent };
  }

  forget(): void {
    this.#ids.clear();
  }
}

/** One parcel after the other: all of them might not fit into memory. */
export function* parcelsOf(ids: readonly string[], tables: Tables): Generator<Chunk[]> {
  let parcel: Chunk[] = [];
  let bytes = 0;
  for (const id of ids) {
    for (const [part, body] of tables.chunks(id).entries()) {
      parcel.push({ id, part, body });
      bytes += body.byteLength;
      if (bytes < parcelBytes) continue;
      yield parcel;
      [parcel, bytes] = [[], 0];
    }
  }
  if (parcel.length > 0) yield parcel;
}

function chunkIdsOf(body: LogRow['body']): string[] {
  return decodePage(body).flatMap(({ state }) => chunksOf(state) ?? []);
}
