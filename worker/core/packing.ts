import { bodyWithin } from './body.ts';

/**
 * How a state is stored: packed with gzip where that pays. What is packed begins as gzip does, and nothing else that is stored does:
 * a state that happens to begin so is packed whatever it costs. So no mark is needed beside the bytes, and the seal over what is stored covers it.
 */
const worthBytes = 1_024;
/** A large state is tried by its beginning first: noise and what is packed or encrypted already shall not cost the whole run. */
const sampleBytes = 32 * 1_024;
const sampleGain = 0.95;

export async function pack(state: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (isPacked(state)) return gzip(state);
  if (state.length <= worthBytes || !(await looksWorthIt(state))) return state;
  const packed = await gzip(state);
  return packed.length < state.length ? packed : state;
}

/** Only for bytes whose seal has been checked: what is packed says itself how large it becomes. */
export async function unpack(stored: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return isPacked(stored) ? through(stored, new DecompressionStream('gzip')) : stored;
}

function isPacked(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function looksWorthIt(state: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (state.length <= 2 * sampleBytes) return true;
  const sample = await gzip(state.subarray(0, sampleBytes));
  return sample.length < sampleBytes * sampleGain;
}

function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return through(bytes, new CompressionStream('gzip'));
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const writer = stream.writable.getWriter();
  const [whole] = await Promise.all([
    bodyWithin(stream.readable, Number.MAX_SAFE_INTEGER),
    writer.write(bytes),
    writer.close(),
  ]);
  return whole ?? new Uint8Array();
}
