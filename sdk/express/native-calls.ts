import type { ServerResponse } from 'node:http';

/** The calls by which an answer leaves. */
export type CallName = 'writeHead' | 'flushHeaders' | 'write' | 'end';

/** The response's calls as they were before anybody laid a hand on them here. */
export type NativeCalls = Readonly<Record<CallName, (args: unknown[]) => unknown>>;

/** Remembers them now; `args` are handed on as they came. */
export function nativeCalls(res: ServerResponse): NativeCalls {
  const { writeHead, flushHeaders, write, end } = res;
  return {
    writeHead: (args) => Reflect.apply(writeHead, res, args),
    flushHeaders: (args) => Reflect.apply(flushHeaders, res, args),
    write: (args) => Reflect.apply(write, res, args),
    end: (args) => Reflect.apply(end, res, args),
  };
}
