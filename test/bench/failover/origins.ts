import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../system/harness/child.ts';
import { freePorts } from '../../system/harness/ports.ts';
import { originValues } from '../../system/harness/secrets.ts';

export const originIds = ['a', 'b', 'c'] as const;
export type Fault = 'SIGKILL' | 'SIGSTOP';

/** Three real Express processes. */
export interface Origins {
  readonly ports: readonly number[];
  strike(id: string, fault: Fault): void;
  /** Lets a frozen one go on, with all that has come for it meanwhile. */
  thaw(id: string): void;
  /** Every item that any of them has begun to execute, as often as it was. */
  executed(): string[];
  end(): Promise<void>;
}

const script = fileURLToPath(new URL('origin-app.ts', import.meta.url));

export async function startOrigins(folder: string, sessions: 'limpet' | 'plain'): Promise<Origins> {
  const ports = await freePorts(originIds.length);
  const bookOf = (id: string) => join(folder, `${id}.book`);
  const started = await Promise.all(
    originIds.map(async (id, at) => {
      const own = { ORIGIN: id, PORT: String(ports[at]), BOOK: bookOf(id), SESSIONS: sessions };
      const child = await startChild(
        script,
        [],
        { ...(await originValues('shop', id)), ...own },
        'listening',
      );
      return [id, child] as const;
    }),
  );
  const children = new Map<string, (typeof started)[number][1]>(started);
  // A frozen process does not notice that its parent has gone.
  const killAll = () => children.forEach((child) => child.signal('SIGKILL'));
  process.once('exit', killAll);
  return {
    ports,
    strike: (id, fault) => children.get(id)?.signal(fault),
    thaw: (id) => children.get(id)?.signal('SIGCONT'),
    executed: () =>
      originIds
        .map(bookOf)
        .filter((book) => existsSync(book))
        .flatMap((book) => readFileSync(book, 'utf8').trim().split('\n')),
    async end() {
      process.off('exit', killAll);
      await Promise.all([...children.values()].map((child) => child.end()));
    },
  };
}
