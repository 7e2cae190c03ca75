import { jsonText, parseJson } from './json.ts';

/**
 * How session data becomes bytes and comes back: JSON unless set otherwise. Both calls are synchronous, and `decode(encode(value))` must be a fresh
 * value each time. What `encode` throws refuses the change (500 `state_not_encodable`), what `decode` throws the request (503 `state_unreadable`).
 */
export interface Codec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** JSON as UTF-8, at most 64 deep, without a way to a prototype. */
export const jsonCodec: Codec = {
  encode: (value) => new TextEncoder().encode(jsonText(value)),
  decode: (bytes) => parseJson(new TextDecoder().decode(bytes)),
};

/** The value of a state that `valueState` made: `undefined` when it was not. No bytes hold the value `undefined`. */
export function readValue(state: Uint8Array, codec: Codec): { readonly value: unknown } | undefined {
  if (state.length === 0) return { value: undefined };
  const found = decoded(state, codec);
  const isOurs =
    typeof found === 'object' && found !== null && 'v' in found && found.v === 1 && 'value' in found;
  return isOurs ? { value: found.value } : undefined;
}

/** `{ v: 1, value }`, encoded. Throws what the codec throws: for JSON a TypeError that says what was wanted. */
export function valueState(value: unknown, codec: Codec): Uint8Array {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(
      `Cannot set the session as it must be a JSON value: current value is ${typeof value}`,
    );
  return codec.encode({ v: 1, value });
}

/** A codec may throw for bytes that it did not write: they are not ours then. */
function decoded(state: Uint8Array, codec: Codec): unknown {
  try {
    return codec.decode(state);
  } catch {
    return undefined;
  }
}
