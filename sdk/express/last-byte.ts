import type { ServerResponse } from 'node:http';
import type { NativeCalls } from './native-calls.ts';

/** An answer with a Content-Length is complete with its last byte: that one leaves with the end, not before. */
export interface LastByte {
  /** As `res.write`. */
  write(args: unknown[]): unknown;
  /** As `res.end`. */
  end(args: unknown[]): unknown;
  /** Whether the headers alone are a complete answer. */
  isBodiless(): boolean;
}

/** Counts what is written and keeps the last byte back, so that a cut always shows. */
export function createLastByte(res: ServerResponse, native: NativeCalls): LastByte {
  let writtenBytes = 0;
  let kept: Uint8Array | undefined;

  function lengthBytes(): number {
    const length = Number(res.getHeader('content-length') ?? Number.NaN);
    return Number.isSafeInteger(length) ? length : Number.POSITIVE_INFINITY;
  }

  function flush(): void {
    if (kept !== undefined) native.write([kept]);
    kept = undefined;
  }

  function write(args: unknown[]): unknown {
    const [chunk, second] = args;
    const bytes = bytesOf(chunk, second);
    if (bytes === undefined) return native.write(args);
    flush();
    const restBytes = lengthBytes() - writtenBytes;
    writtenBytes += bytes.length;
    if (bytes.length < restBytes || bytes.length === 0) return native.write(args);
    kept = bytes.subarray(Math.max(restBytes - 1, 0));
    const done = args.find((arg) => typeof arg === 'function');
    return native.write(
      typeof done === 'function'
        ? [bytes.subarray(0, restBytes - 1), done]
        : [bytes.subarray(0, restBytes - 1)],
    );
  }

  return {
    write,
    end(args) {
      flush();
      return native.end(args);
    },
    isBodiless() {
      const { statusCode } = res;
      return res.req.method === 'HEAD' || statusCode === 204 || statusCode === 304 || lengthBytes() === 0;
    },
  };
}

function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk !== 'string') return undefined;
  return Buffer.from(chunk, typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8');
}
