import { AsyncLocalStorage } from 'node:async_hooks';
import type { SessionData } from './record-form.ts';
import type { SessionUse } from './session-use.ts';

/** The store of express-session: what `store` may be, as far as it is used here. */
export type SessionStore = object;

type Done = ((error: unknown, value?: unknown) => void) | undefined;
type StoreCall = (use: SessionUse, args: readonly unknown[]) => unknown;

/** The request whose records the application's store works on now. */
export interface CurrentUse {
  run<T>(use: SessionUse, work: () => T): T;
  /** Makes the store work on the current request's records; without one it works as it always did. */
  adopt(store: SessionStore): void;
  /** The store as one request sees it, wherever its callbacks come from. */
  boundTo(store: SessionStore, use: SessionUse): SessionStore;
}

/** What each call of a store means for the records of one request. */
const CALLS: ReadonlyMap<string, StoreCall> = new Map<string, StoreCall>([
  ['get', (use, [sid]) => use.get(String(sid))],
  ['set', (use, [sid, session]) => use.set(String(sid), asSession(session))],
  ['touch', (use, [sid, session]) => use.touch(String(sid), asSession(session))],
  ['destroy', (use, [sid]) => use.destroy(String(sid))],
  ['all', (use) => Object.fromEntries(use.live())],
  ['length', (use) => use.live().length],
  ['clear', (use) => use.records.sids().forEach((sid) => use.destroy(sid))],
]);

/** One per middleware. */
export function createCurrentUse(): CurrentUse {
  const current = new AsyncLocalStorage<SessionUse>();
  const adopted = new WeakSet<SessionStore>();

  function adopt(store: SessionStore): void {
    if (adopted.has(store)) return;
    adopted.add(store);
    for (const [name, call] of CALLS) {
      const own: unknown = Reflect.get(store, name);
      if (typeof own !== 'function') continue;
      define(store, name, (...args) => {
        const use = current.getStore();
        if (!use) return Reflect.apply(own, store, args);
        return name === 'get' && use.ending === 'no'
          ? process.nextTick(answerNow, use, call, args)
          : answer(use, call, args);
      });
    }
  }

  function boundTo(store: SessionStore, use: SessionUse): SessionStore {
    const bound: SessionStore = Object.create(store);
    for (const name of CALLS.keys()) {
      const own: unknown = Reflect.get(store, name);
      if (typeof own === 'function')
        define(bound, name, (...args) => current.run(use, () => Reflect.apply(own, store, args)));
    }
    return bound;
  }

  return { run: (use, work) => current.run(use, work), adopt, boundTo };
}

function define(store: SessionStore, name: string, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(store, name, { configurable: true, writable: true, enumerable: false, value });
}

/**
 * A read happens when its caller is told, and not before: what another request of the session had written between the two would be undone by
 * whoever saves what was read too early.
 */
function answerNow(use: SessionUse, call: StoreCall, args: readonly unknown[]): void {
  const done = asDone(args.at(-1));
  let value: unknown;
  try {
    value = call(use, args);
  } catch (error) {
    return done?.(error);
  }
  done?.(null, value);
}

function answer(use: SessionUse, call: StoreCall, args: readonly unknown[]): void {
  const done = asDone(args.at(-1));
  const before = use.late();
  let value: unknown;
  try {
    value = call(use, args);
  } catch (error) {
    // As the answer ends, the refusal that takes its place says so.
    return callBack(use, done, use.ending === 'yes' ? null : error);
  }
  const late = use.late();
  if (late === undefined || late === before || use.waits === 'for nothing')
    return callBack(use, done, null, value);
  // The answer has begun: whoever saves now hears what became of it. As it ends, the connection itself says so.
  void late.then((refusal) => done?.(refusal && use.ending === 'no' ? new Error(refusal.body) : null, value));
}

/** Within `res.end` at once, so that express-session sends the answer in one piece; else never before the caller has gone on. */
function callBack(use: SessionUse, done: Done, error: unknown, value?: unknown): void {
  if (use.ending === 'yes') done?.(error, value);
  else if (done) process.nextTick(done, error, value);
}

function asDone(value: unknown): Done {
  return typeof value === 'function'
    ? (error, result) => Reflect.apply(value, undefined, [error, result])
    : undefined;
}

function asSession(value: unknown): SessionData {
  return typeof value === 'object' && value !== null ? value : {};
}
