/** What this instance holds of one session. `version` counts every change of `state`. */
export interface Copy {
  readonly session: string;
  readonly epoch: number;
  version: number;
  state: Uint8Array;
  /** Whose session it is, as far as the edge has been told from this copy. */
  subject: string | undefined;
  /** The newest version that is known to be in the store. */
  storedVersion: number;
  /** Requests that use this copy now, and puts on their way: while there are any, the copy stays. */
  inFlight: number;
  usedAt: number;
}

/** The copies of one instance: bounded, least recently used first out, and never one that is in use. */
export interface Copies {
  get(session: string): Copy | undefined;
  /** As `get`, and it counts as no use. */
  peek(session: string): Copy | undefined;
  load(session: string, at: { epoch: number; version: number; state: Uint8Array }): Copy;
  /** Drops exactly this copy: a newer one in its place stays. */
  drop(copy: Copy): void;
  readonly size: number;
}

/** How long and how many copies are kept, and what time it is (milliseconds since 1970). */
export interface CopiesOptions {
  readonly idleMs: number;
  readonly copiesMax: number;
  now(): number;
}

/** A copy that belongs to nobody yet. */
export function makeCopy(
  session: string,
  at: { epoch: number; version: number; state: Uint8Array },
  usedAt: number,
): Copy {
  return { session, ...at, subject: undefined, storedVersion: at.version, inFlight: 0, usedAt };
}

/** An empty set of copies. It needs no timer: what is idle goes when something else comes. */
export function createCopies({ idleMs, copiesMax, now }: CopiesOptions): Copies {
  const bySession = new Map<string, Copy>();

  function touch(copy: Copy): void {
    copy.usedAt = now();
    bySession.delete(copy.session);
    bySession.set(copy.session, copy);
  }

  function evict(): void {
    for (const copy of bySession.values()) {
      const idle = copy.usedAt + idleMs < now();
      if (!idle && bySession.size <= copiesMax) return;
      if (copy.inFlight === 0) bySession.delete(copy.session);
    }
  }

  return {
    get(session) {
      const copy = bySession.get(session);
      if (copy) touch(copy);
      return copy;
    },
    peek: (session) => bySession.get(session),
    load(session, at) {
      const copy = makeCopy(session, at, now());
      touch(copy);
      evict();
      return copy;
    },
    drop(copy) {
      if (bySession.get(copy.session) === copy) bySession.delete(copy.session);
    },
    get size() {
      return bySession.size;
    },
  };
}
