import { type Codec, readValue, valueState } from './codec.ts';
import type { LimpetSession, Unkept } from './limpet-session.ts';

/** The value that `limpet/fetch` and `limpet/hono` keep, outside of any request. */
export interface ValueSession {
  readonly id: string;
  /** The newest value; `undefined` when there is none. `unreadable`: the state was not written by this SDK with this codec. */
  get(): Promise<
    { readonly kind: 'value'; readonly value: unknown } | { readonly kind: Unkept | 'unreadable' }
  >;
  /** As `LimpetSession.set`, and `unreadable` where it would overwrite what `get` cannot read. Rejects with what the codec throws. */
  set(value: unknown): Promise<Awaited<ReturnType<LimpetSession['set']>> | 'unreadable'>;
}

/** A session's state as a value. */
export function createValueSession(session: LimpetSession, codec: Codec): ValueSession {
  async function get(): ReturnType<ValueSession['get']> {
    const read = await session.get();
    if (read.kind !== 'state') return read;
    const found = readValue(read.state, codec);
    return found ? { kind: 'value', value: found.value } : { kind: 'unreadable' };
  }

  return {
    id: session.id,
    get,
    async set(value) {
      const state = valueState(value, codec);
      const before = await get();
      return before.kind === 'value' ? session.set(state) : before.kind;
    },
  };
}
