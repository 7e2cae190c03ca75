import type { Event, SessionHistory } from './history.ts';

/** What must not happen. `back in time`: a client that asks one thing after the other reads less, or other, than before. */
export type Breach =
  | 'lost'
  | 'kept though refused'
  | 'twice'
  | 'back in time'
  | 'not its own'
  | 'never read again';

export interface Violation {
  readonly breach: Breach;
  readonly session: string;
  /** The items that it is about: none for `never read again`. */
  readonly items: readonly string[];
}

/** Judges what clients saw. It knows nothing of Limpet: a session is a list to which unique items are appended. */
export function check(histories: readonly SessionHistory[]): Violation[] {
  return histories.flatMap(checkSession);
}

function checkSession(history: SessionHistory): Violation[] {
  const { name, events, order } = history;
  const lists = events.flatMap(({ list }) => (list === undefined ? [] : [list]));
  const lastLists = events.flatMap((event) => (event.kind === 'last' && event.list ? [event.list] : []));
  const found: Record<Breach, readonly string[]> = {
    lost: lost(events, lastLists),
    'kept though refused': keptThoughRefused(events, lists),
    twice: unique(lists.flatMap(doubles)),
    'back in time': order === 'sequential' ? backInTime(lists) : [],
    'not its own': notItsOwn(events, lists),
    'never read again': [],
  };
  const breaches = Object.entries(found) as [Breach, readonly string[]][];
  const unread: Violation[] =
    lastLists.length === 0 ? [{ breach: 'never read again', session: name, items: [] }] : [];
  return [
    ...breaches
      .filter(([, items]) => items.length > 0)
      .map(([breach, items]) => ({ breach, session: name, items })),
    ...unread,
  ];
}

/** (a) Every acknowledged item is in the list at the end, however it is read. */
function lost(events: readonly Event[], lastLists: readonly (readonly string[])[]): string[] {
  const acknowledged = appended(events, 'ok');
  return unique(lastLists.flatMap((list) => without(acknowledged, list)));
}

/** (b) What was refused for certain is in no list. */
function keptThoughRefused(events: readonly Event[], lists: readonly (readonly string[])[]): string[] {
  const refused = new Set(appended(events, 'fail'));
  return unique(lists.flatMap((list) => list.filter((item) => refused.has(item))));
}

/** (c) No item is in a list twice. */
function doubles(list: readonly string[]): string[] {
  if (new Set(list).size === list.length) return [];
  return list.filter((item, at) => list.indexOf(item) !== at);
}

/** (d) Successive lists are prefixes of each other: what stood there stands there still. */
function backInTime(lists: readonly (readonly string[])[]): string[] {
  const gone = lists.flatMap((list, at) => {
    const next = lists[at + 1] ?? list;
    return list.filter((item, place) => next[place] !== item);
  });
  return unique(gone);
}

/** (e) A list holds only what its own clients sent: no two sessions share an item. */
function notItsOwn(events: readonly Event[], lists: readonly (readonly string[])[]): string[] {
  const sent = new Set(events.flatMap((event) => (event.kind === 'append' ? [event.item] : [])));
  return unique(lists.flatMap((list) => list.filter((item) => !sent.has(item))));
}

function appended(events: readonly Event[], result: 'ok' | 'fail'): string[] {
  return events.flatMap((event) => (event.kind === 'append' && event.result === result ? [event.item] : []));
}

function without(items: readonly string[], list: readonly string[]): string[] {
  const there = new Set(list);
  return items.filter((item) => !there.has(item));
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
