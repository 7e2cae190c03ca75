import type { Settled } from './claims.ts';
import type { Copies, Copy } from './copies.ts';
import type { EndedMarks } from './ended-marks.ts';
import type { Sent } from './headers.ts';
import { isNewer, type SharedApi, type SharedResult } from './shared-api.ts';
import type { StoreApi, StoreResult } from './store-api.ts';

/**
 * Sessions whose state the origins share (`external` mode). Each request reads the store before the application runs; requests of one session that are here
 * at once work on one copy, as they do elsewhere, and their changes go out one after the other. Whoever has written at another origin meanwhile is
 * never overwritten: the change is refused with `state_changed`.
 */
export interface Shared {
  settle(sent: Sent): Promise<Settled>;
  /** The store as a visit of this copy uses it. */
  apiOf(copy: Copy, unreachable: 'refuse' | 'serve'): StoreApi;
}

/** What sharing needs. */
export interface SharedOptions {
  readonly copies: Copies;
  readonly ended: EndedMarks;
  readonly api: SharedApi;
}

interface Line {
  /** What the store has, as far as this copy knows. */
  etag: string;
  /** The put under way, and those that wait for it. Never rejects. */
  last: Promise<unknown>;
}

const NOTHING = '"0.0"';
const NO_STATE = new Uint8Array(0);
const ROUNDS_MAX = 4;

/** The copies of shared states, validated with each request. */
export function createShared({ copies, ended, api }: SharedOptions): Shared {
  const lines = new WeakMap<Copy, Line>();

  function lineOf(copy: Copy): Line {
    const line = lines.get(copy) ?? { etag: NOTHING, last: Promise.resolve() };
    lines.set(copy, line);
    return line;
  }

  function load({ session, epoch }: Sent, etag: string, state: Uint8Array): Settled {
    const version = etag.endsWith('.0"') ? 0 : 1;
    const copy = copies.load(session, { epoch, version, state });
    lines.set(copy, { etag, last: Promise.resolve() });
    return inUse(copy);
  }

  async function settle(sent: Sent): Promise<Settled> {
    if (ended.has(sent.session)) return { kind: 'need', need: 'session' };
    if (sent.offer.kind === 'new') return load(sent, NOTHING, NO_STATE);
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const settled = await read(sent);
      if (settled !== 'again') return settled;
    }
    return { kind: 'need', need: 'store' };
  }

  async function read(sent: Sent): Promise<Settled | 'again'> {
    const before = copies.get(sent.session);
    const found = await api.get(sent, before && lineOf(before).etag);
    if (found.kind === 'unreachable') return { kind: 'need', need: 'store' };
    if (found.kind === 'ended') return { kind: 'need', need: 'session' };
    // What was found may be this copy's own put, whose answer is still on its way.
    const present = copies.get(sent.session);
    if (present) await lineOf(present).last;
    const copy = copies.get(sent.session);
    if (found.kind === 'same') return copy ? inUse(copy) : 'again';
    return copy && !isNewer(found.etag, lineOf(copy).etag)
      ? inUse(copy)
      : load(sent, found.etag, found.state);
  }

  async function put(copy: Copy, ...[target, at]: Parameters<StoreApi['put']>): Promise<SharedResult> {
    const line = lineOf(copy);
    // One that waited has gone out with the one before it.
    if (copy.storedVersion >= at.version) return { kind: 'stored', etag: line.etag };
    const { version, state } = copy;
    const result = await api.put(target, line.etag, { ...at, state });
    if (result.kind !== 'stored') return result;
    line.etag = result.etag;
    copy.storedVersion = Math.max(copy.storedVersion, version);
    return result;
  }

  return {
    settle,
    apiOf: (copy, unreachable) => ({
      put(target, at) {
        const line = lineOf(copy);
        const result = line.last.then(() => put(copy, target, at));
        line.last = result;
        return result.then((said) => {
          // Nobody was told that it is kept: the next request reads what the store has.
          if (said.kind === 'refused' && unreachable === 'refuse') copies.drop(copy);
          return asStored(said, unreachable);
        });
      },
      end: (target) => api.end(target).then((said) => asStored(said, unreachable)),
      claim: async () => ({ kind: 'unreachable' }),
    }),
  };
}

function asStored(said: SharedResult, unreachable: 'refuse' | 'serve'): StoreResult {
  if (said.kind === 'stored') return { kind: 'stored' };
  return said.reason === 'unreachable' && unreachable === 'serve' ? { kind: 'unstored' } : said;
}

/** Counted at once, so that the copy cannot be evicted before its request begins to use it. */
function inUse(copy: Copy): Settled {
  copy.inFlight += 1;
  return { kind: 'copy', copy };
}
