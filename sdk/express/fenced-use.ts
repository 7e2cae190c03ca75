import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Need } from '../arrival.ts';
import { type Refusal, refusedChange } from '../refusals.ts';
import type { RefusedReason } from '../store-api.ts';
import type { Extent, Sealed, SealedNow } from '../visit.ts';
import type { Fenced, Place } from './fenced-calls.ts';

/** One request's part in the fence: where it is served, and what became of its saves. */
export interface FencedUse {
  readonly place: Place;
  /** The session cannot be served here: the edge must look again, before the application runs. */
  need: Need | undefined;
  /** Set while the application's last word (`res.end`) is being spoken. */
  ending: 'no' | 'yes';
  onLateRefused: () => void;
  /** The text of a record as this request has read or written it, without its cookie. */
  readonly seen: Map<string, string>;
  /** Watches a save; what it comes to decides what the client gets. */
  saving(save: Promise<Fenced>): void;
  /** As a visit's: nothing of the answer leaves before. */
  seal(extent: Extent, req: IncomingMessage): Sealed;
  late(): Promise<Refusal | undefined> | undefined;
}

/** A use without a save yet. */
export function createFencedUse(place: Place, instance: string): FencedUse {
  let saves: Promise<RefusedReason | undefined> | undefined;
  let sealed: typeof saves;

  const refusalOf = (reason: RefusedReason | undefined): Refusal | undefined =>
    reason && refusedChange(reason, [['limpet-instance', instance]]);

  const use: FencedUse = {
    place,
    need: undefined,
    ending: 'no',
    seen: new Map(),
    onLateRefused: () => undefined,
    saving(save) {
      const before = saves;
      saves = reasonOf(save).then(async (reason) => (await before) ?? reason);
      if (sealed === undefined) return;
      void saves.then((reason) => reason && use.onLateRefused());
    },
    seal(extent, req) {
      if (extent === 'begun') saveBeforeHeaders(req, use);
      sealed = saves ?? Promise.resolve(undefined);
      if (saves === undefined) return { kind: 'ready', headers: [] };
      const outcome = saves.then((reason): SealedNow => {
        const refusal = refusalOf(reason);
        return refusal ? { kind: 'refused', refusal } : { kind: 'ready', headers: [] };
      });
      return { kind: 'storing', outcome };
    },
    late: () => (saves === sealed ? undefined : saves?.then(refusalOf)),
  };
  return use;
}

/** A Redis that does not answer leaves in doubt whether the save was done. */
async function reasonOf(save: Promise<Fenced>): Promise<RefusedReason | undefined> {
  try {
    const said = await save;
    return said === 'done' ? undefined : said;
  } catch (error) {
    console.warn(`limpet: store_unreachable: ${error instanceof Error ? error.message : String(error)}`);
    return 'unreachable';
  }
}

/** express-session saves at the end only; an answer that begins before must be saved before. */
function saveBeforeHeaders(req: IncomingMessage, { seen }: FencedUse): void {
  const session: unknown = Reflect.get(req, 'session');
  const sid: unknown = Reflect.get(req, 'sessionID');
  if (typeof sid !== 'string' || typeof session !== 'object' || session === null) return;
  const isNew = !seen.has(sid) && contentOf(session) === '{}';
  if (isNew || seen.get(sid) === contentOf(session)) return;
  if ('save' in session && typeof session.save === 'function') session.save();
}

/** A session's text apart from its cookie, whose expiry moves with every request. */
export function contentOf(session: object): string {
  return JSON.stringify({ ...JSON.parse(JSON.stringify(session)), cookie: undefined });
}

/** Which request the store works for now; `direct`: one that did not come through Limpet. */
export interface Places {
  current(): FencedUse | 'direct' | undefined;
  run<T>(use: FencedUse | 'direct', work: () => T): T;
  /** `req.sessionStore`, by which a session saves itself, works for this request wherever it is called from. */
  watch(req: IncomingMessage, use: FencedUse): void;
  bindEnd(res: ServerResponse, use: FencedUse): void;
}

const BOUND = ['get', 'set', 'touch', 'destroy'] as const;

/** One per store. */
export function createPlaces(): Places {
  const storage = new AsyncLocalStorage<FencedUse | 'direct'>();

  function boundTo(store: object, use: FencedUse): object {
    const bound: object = Object.create(store);
    for (const name of BOUND) {
      const own: unknown = Reflect.get(store, name);
      if (typeof own !== 'function') continue;
      const value = (...args: unknown[]) => storage.run(use, () => Reflect.apply(own, store, args));
      Object.defineProperty(bound, name, { value, configurable: true, writable: true });
    }
    return bound;
  }

  return {
    current: () => storage.getStore(),
    run: (use, work) => storage.run(use, work),
    watch(req, use) {
      let bound: object | undefined;
      Object.defineProperty(req, 'sessionStore', {
        configurable: true,
        enumerable: true,
        get: () => bound,
        set(store: object) {
          bound = boundTo(store, use);
        },
      });
    },
    bindEnd(res, use) {
      const { end } = res;
      Object.assign(res, {
        end(...args: unknown[]): unknown {
          use.ending = 'yes';
          return storage.run(use, () => Reflect.apply(end, res, args));
        },
      });
    },
  };
}
