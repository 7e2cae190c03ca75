import { parseJson } from '../json.ts';
import type { Fenced, FencedCalls } from './fenced-calls.ts';
import { contentOf, type FencedUse, type Places } from './fenced-use.ts';
import { expiryOf } from './records.ts';

/** As connect-redis has them. */
export interface FencedStoreOptions {
  /** In front of each session's id. Default `sess:`. */
  readonly prefix?: string;
  /** Seconds that a session without an expiry of its own is kept. Default 86,400. */
  readonly ttl?: number;
}

/** What the store works with. */
export interface FencedStoreParts extends FencedStoreOptions {
  readonly calls: FencedCalls;
  readonly places: Places;
}

type Done = ((error: unknown, value?: unknown) => void) | undefined;

/** Gives an empty store of express-session its verbs: records as connect-redis keeps them, each change under the fence. */
export function fence(
  store: object,
  { calls, places, prefix = 'sess:', ttl = 86_400 }: FencedStoreParts,
): void {
  const keyOf = (sid: unknown): string => prefix + String(sid);

  function ttlOf(session: object): number {
    const expiry = expiryOf(session);
    return expiry === undefined ? ttl : Math.ceil((expiry - Date.now()) / 1000);
  }

  async function get(sid: string): Promise<unknown> {
    const use = here(places, 'read');
    if (use === 'direct') return recordIn(await calls.plain('GET', keyOf(sid)));
    const { fenced, text } = await calls.load(keyOf(sid), use.place, ttl).catch((error: unknown) => {
      use.need = 'store';
      throw error;
    });
    if (fenced === 'moved') {
      use.need = 'row';
      throw new Error('Cannot serve the session here as it must be where its epoch is the newest');
    }
    const record = recordIn(text);
    if (record !== undefined) use.seen.set(sid, contentOf(record));
    return record;
  }

  function set(sid: string, session: object, done: Done): void {
    const ttlS = ttlOf(session);
    if (ttlS <= 0) return destroy(sid, done);
    const [use, text] = [here(places, 'save'), JSON.stringify(session)];
    if (use === 'direct') return tell(calls.plain('SET', keyOf(sid), text, 'EX', String(ttlS)), done);
    use.seen.set(sid, contentOf(session));
    follow(use, calls.save(keyOf(sid), use.place, text, ttlS), done);
  }

  function destroy(sid: string, done: Done): void {
    const use = here(places, 'destroy');
    const gone = calls.destroy(keyOf(sid), ttl);
    if (use === 'direct') return tell(gone, done);
    use.seen.delete(sid);
    follow(
      use,
      gone.then(() => 'done' as const),
      done,
    );
  }

  /** A touch changes nothing that could be lost: what becomes of it no answer waits for. */
  function touch(sid: string, session: object, done: Done): void {
    const use = here(places, 'touch');
    const ttlS = Math.max(1, ttlOf(session));
    const touched =
      use === 'direct'
        ? calls.plain('EXPIRE', keyOf(sid), String(ttlS))
        : calls.touch(keyOf(sid), use.place, ttlS);
    touched
      .catch((error: unknown) => console.warn(`limpet: session_not_touched: ${messageOf(error)}`))
      .then(() => done?.(null));
  }

  async function keys(): Promise<string[]> {
    const found = new Set<string>();
    const match = `${prefix.replaceAll(/[\\*?[\]]/g, '\\$&')}*`;
    for (let cursor = '0'; ; ) {
      const reply = await calls.plain('SCAN', cursor, 'MATCH', match, 'COUNT', '100');
      const [next, page]: unknown[] = Array.isArray(reply) ? reply : [];
      if (Array.isArray(page)) for (const key of page) found.add(String(key));
      cursor = String(next ?? '0');
      if (cursor === '0') return [...found];
    }
  }

  async function all(): Promise<unknown[]> {
    const records = await Promise.all(
      (await keys()).map(async (key) => {
        const record = recordIn(await calls.plain('GET', key));
        return record && { ...record, id: key.slice(prefix.length) };
      }),
    );
    return records.filter((record) => record !== undefined);
  }

  async function clear(): Promise<void> {
    await Promise.all((await keys()).map((key) => calls.destroy(key, ttl)));
  }

  Object.assign(store, {
    get: (sid: string, done: Done) => tell(get(sid), done),
    set: guarded(set),
    destroy: guarded(destroy),
    touch: guarded(touch),
    all: (done: Done) => tell(all(), done),
    ids: (done: Done) =>
      tell(
        keys().then((found) => found.map((key) => key.slice(prefix.length))),
        done,
      ),
    length: (done: Done) =>
      tell(
        keys().then(({ length }) => length),
        done,
      ),
    clear: (done: Done) => tell(clear(), done),
  });
}

/** Without its request a change would pass by the fence unseen. */
function here(places: Places, verb: string): FencedUse | 'direct' {
  const current = places.current();
  if (current !== undefined) return current;
  throw new Error(
    `Cannot ${verb} the session as the store must know its request: put fencedRedis().middleware around session()`,
  );
}

/** The answer waits for it; its caller hears of a refusal too, unless the answer itself is being sent. */
function follow(use: FencedUse, save: Promise<Fenced>, done: Done): void {
  use.saving(save);
  save.then(
    (said) =>
      done?.(
        said === 'done' || use.ending === 'yes' ? null : new Error(`The session was not saved: ${said}`),
      ),
    (error: unknown) => done?.(use.ending === 'yes' ? null : error),
  );
}

function tell(work: Promise<unknown>, done: Done): void {
  work.then(
    (value) => done?.(null, value ?? null),
    (error: unknown) => done?.(error),
  );
}

function guarded<Words extends unknown[]>(verb: (...words: Words) => void) {
  return (...words: Words): void => {
    try {
      verb(...words);
    } catch (error) {
      const done = words.at(-1);
      if (typeof done !== 'function') throw error;
      process.nextTick(done, error);
    }
  };
}

function recordIn(text: unknown): object | undefined {
  if (typeof text !== 'string') return undefined;
  const record = parseJson(text);
  if (typeof record === 'object' && record !== null) return record;
  throw new Error('Cannot read the session as its record must be a JSON object');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
